import { once } from 'node:events';
import type { CollectedBlobs, NewBlob, StoredBlob } from '@mcp-fleet/core';
import { type Database, isDuplicate } from './database.ts';
import { unended } from './documents.ts';

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

/** The bodies of steps are JSON text, in which an id stands as it is. */
export async function collectBlobs(
  { blobs, clock, jobs, steps }: Database,
  idleMs: number,
  page: { after: string | null; limit: number },
): Promise<CollectedBlobs> {
  const youngest = new Date(clock.now().getTime() - idleMs);
  const behind = page.after === null ? {} : { filename: { $gt: page.after } };
  const files = await blobs
    .find({ uploadDate: { $lte: youngest }, ...behind })
    .sort({ filename: 1 })
    .limit(page.limit)
    .toArray();
  const jobOf = (file: (typeof files)[number]) => (file.metadata as unknown as BlobMetadata).job_id;
  const ids = [...new Set(files.map(jobOf))];
  const open = new Set(await jobs.distinct('_id', { _id: { $in: ids }, state: unended }));
  let deleted = 0;
  for (const file of files) {
    if (open.has(jobOf(file))) continue;
    const bodies = await steps.find({ job_id: jobOf(file) }, { projection: { body: 1 } }).toArray();
    if (bodies.some(({ body }) => body.includes(file.filename))) continue;
    await blobs.delete(file._id);
    deleted += 1;
  }
  return { deleted, after: files.length < page.limit ? null : (files.at(-1)?.filename ?? null) };
}
