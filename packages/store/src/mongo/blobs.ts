import { once } from 'node:events';
import type { NewBlob, StoredBlob } from '@mcp-fleet/core';
import { type Database, isDuplicate } from './database.ts';

interface BlobMetadata {
  tenant: string;
  job_id: string;
  media_type: string;
}

/** Writes a blob to GridFS. Saved again under its id, it stays as it is. */
export async function saveBlob({ blobs }: Database, blob: NewBlob): Promise<string> {
  const [known] = await blobs.find({ filename: blob.id }).limit(1).toArray();
  if (known) return blob.id;
  const metadata: BlobMetadata = { tenant: blob.tenant, job_id: blob.jobId, media_type: blob.mediaType };
  const upload = blobs.openUploadStream(blob.id, { metadata });
  try {
    upload.end(Buffer.from(blob.bytes));
    await once(upload, 'finish');
  } catch (thrown) {
    if (!isDuplicate(thrown)) throw thrown;
  }
  return blob.id;
}

export async function blob({ blobs }: Database, tenant: string, id: string): Promise<StoredBlob | null> {
  const [file] = await blobs.find({ filename: id, 'metadata.tenant': tenant }).limit(1).toArray();
  if (!file) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of blobs.openDownloadStream(file._id)) chunks.push(chunk as Buffer);
  const metadata = file.metadata as unknown as BlobMetadata;
  return {
    id,
    tenant: metadata.tenant,
    jobId: metadata.job_id,
    mediaType: metadata.media_type,
    createdAt: file.uploadDate,
    bytes: new Uint8Array(Buffer.concat(chunks)),
  };
}
