import type { Appended, NewLine, UploadedLines } from '@mcp-fleet/core';
import { decodeAgents, encode } from '../../record-codec.ts';
import type { Database, PgClient } from '../database.ts';
import type { BatchRow } from './batch-rows.ts';

const lockBatch = 'SELECT * FROM fleet.batches WHERE id = $2 AND tenant = $1 FOR UPDATE';

const insertLines = `
  INSERT INTO fleet.batch_lines (batch_id, n, custom_id, session_id, body, problem, state)
  SELECT $1, l.n, l.custom_id, l.session_id, l.body, l.problem,
    CASE WHEN l.problem IS NULL THEN 'waiting' ELSE 'invalid' END
  FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS l (n, custom_id, session_id, body, problem)
  ON CONFLICT (batch_id, custom_id) WHERE custom_id IS NOT NULL DO NOTHING
  RETURNING n, state`;

const countLines = `
  UPDATE fleet.batches SET bytes = $2, waiting = waiting + $3, invalid = invalid + $4, agents = $5,
    last_line = $6
  WHERE id = $1`;

/** In one transaction, so that the stored lines always are those up to the stored byte. */
export function appendLines(
  database: Database,
  tenant: string,
  id: string,
  upload: UploadedLines,
): Promise<Appended> {
  return database.transaction(async (client): Promise<Appended> => {
    const [batch] = (await client.query<BatchRow>(lockBatch, [tenant, id])).rows;
    if (batch === undefined) return { kind: 'absent' };
    if (batch.state !== 'uploading') return { kind: 'closed', state: batch.state };
    const bytes = Number(batch.bytes);
    if (bytes !== upload.offset) return { kind: 'elsewhere', bytes };
    const stored = await insert(client, id, upload.lines);
    const duplicates = upload.lines.filter(({ n }) => !stored.has(n));
    if (duplicates.length > 0) await insert(client, id, duplicates.map(asDuplicate));
    const valid = [...stored.values()].filter((state) => state === 'waiting').length;
    const agents = { ...upload.agents, ...decodeAgents(batch.agents) };
    const invalid = upload.lines.length - valid;
    const bytesNow = upload.offset + upload.bytes;
    await client.query(countLines, [id, bytesNow, valid, invalid, encode(agents), upload.lastLine]);
    return { kind: 'appended', duplicates: duplicates.map(({ n }) => n) };
  });
}

/** The states of the lines that were stored; those whose custom id is taken are left out. */
async function insert(client: PgClient, id: string, lines: readonly NewLine[]): Promise<Map<number, string>> {
  const { rows } = await client.query<{ n: number; state: string }>(insertLines, [
    id,
    lines.map((line) => line.n),
    lines.map((line) => line.customId),
    lines.map((line) => line.sessionId),
    lines.map((line) => line.body),
    lines.map((line) => line.problem),
  ]);
  return new Map(rows.map(({ n, state }) => [n, state]));
}

const asDuplicate = ({ n, customId }: NewLine): NewLine => ({
  n,
  customId: null,
  sessionId: null,
  body: null,
  problem: `custom_id: ${JSON.stringify(customId)} is that of an earlier line; it has to be unique in a batch`,
});
