import type { CollectedBlobs, NewBlob, StoredBlob } from '@mcp-fleet/core';
import type { Database } from './database.ts';

const chunkBytes = 1024 * 1024;

const insertBlob = `
  INSERT INTO fleet.blobs (id, tenant, job_id, media_type) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`;
const insertChunk = `INSERT INTO fleet.blob_chunks (blob_id, n, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`;

/** Writes a blob as chunk rows. Saved again under its id, it stays as it is. */
export async function saveBlob(database: Database, blob: NewBlob): Promise<string> {
  await database.transaction(async (client) => {
    await client.query(insertBlob, [blob.id, blob.tenant, blob.jobId, blob.mediaType]);
    for (let n = 0; n * chunkBytes < blob.bytes.byteLength; n += 1) {
      const chunk = Buffer.from(blob.bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes));
      await client.query(insertChunk, [blob.id, n, chunk]);
    }
  });
  return blob.id;
}

interface BlobRow {
  id: string;
  tenant: string;
  job_id: string;
  media_type: string;
  created_at: Date;
}

const readBlob = `SELECT * FROM fleet.blobs WHERE tenant = $1 AND id = $2`;
const readChunks = `SELECT bytes FROM fleet.blob_chunks WHERE blob_id = $1 ORDER BY n`;

export async function blob(database: Database, tenant: string, id: string): Promise<StoredBlob | null> {
  const [row] = await database.lazy<BlobRow>('blob', readBlob, [tenant, id]);
  if (!row) return null;
  const chunks = await database.lazy<{ bytes: Uint8Array }>('blob_chunks', readChunks, [id]);
  return {
    id: row.id,
    tenant: row.tenant,
    jobId: row.job_id,
    mediaType: row.media_type,
    createdAt: row.created_at,
    bytes: new Uint8Array(Buffer.concat(chunks.map((chunk) => chunk.bytes))),
  };
}

/** The bodies of steps are JSON text, in which an id stands as it is. */
const deleteOrphans = `
  WITH page AS (
    SELECT b.id, b.job_id FROM fleet.blobs b
    WHERE ($2::text IS NULL OR b.id > $2) AND b.created_at <= now() - $1::float8 * interval '1 millisecond'
    ORDER BY b.id LIMIT $3
  ),
  orphans AS (
    SELECT page.id FROM page LEFT JOIN fleet.jobs j ON j.id = page.job_id
    WHERE (j.id IS NULL OR j.state NOT IN ('queued', 'running', 'waiting'))
      AND NOT EXISTS (SELECT 1 FROM fleet.steps s WHERE s.job_id = page.job_id AND position(page.id IN s.body) > 0)
  ),
  deleted AS (DELETE FROM fleet.blobs b USING orphans WHERE b.id = orphans.id RETURNING 1)
  SELECT (SELECT count(*)::int FROM deleted) AS deleted,
    CASE WHEN count(*) < $3 THEN NULL ELSE max(page.id) END AS after
  FROM page`;

export async function collectBlobs(
  database: Database,
  idleMs: number,
  page: { after: string | null; limit: number },
): Promise<CollectedBlobs> {
  const values = [idleMs, page.after, page.limit];
  const [row] = await database.lazy<CollectedBlobs>('collect_blobs', deleteOrphans, values);
  return row ?? { deleted: 0, after: null };
}
