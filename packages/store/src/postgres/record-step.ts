import type { Claim, Fence, Position, Recorded, Step } from '@mcp-fleet/core';
import { decodeStep, encodeStep } from '../record-codec.ts';
import type { Database } from './database.ts';

/**
 * The epoch is compared in the same statement, without a lock: a take that commits in between can only make
 * this step the one that the taker finds and adopts, because the position is written once.
 */
const insertStep = `
  INSERT INTO fleet.steps (job_id, round, slot, body)
  SELECT id, $3, $4, $5 FROM fleet.jobs WHERE id = $1 AND epoch = $2 AND state = 'running'
  ON CONFLICT DO NOTHING
  RETURNING 1 AS written`;

const readStep = `
  SELECT st.body FROM fleet.steps st JOIN fleet.jobs j ON j.id = st.job_id
  WHERE st.job_id = $1 AND j.epoch = $2 AND j.state = 'running' AND st.round = $3 AND st.slot = $4`;

export async function recordStep(
  database: Database,
  fence: Fence,
  step: Step,
  durable: boolean,
): Promise<Recorded> {
  const values = [fence.jobId, fence.epoch, step.round, step.slot, encodeStep(step)];
  const rows = durable
    ? await database.flushed('record', insertStep, values)
    : await database.lazy('record', insertStep, values);
  if (rows.length === 1) return { kind: 'recorded' };
  const standing = await standingStep(database, fence, step);
  return standing === null ? { kind: 'superseded' } : { kind: 'taken', step: standing };
}

/** The step that stands at a position, or null when the fence no longer holds. */
export async function standingStep(database: Database, fence: Fence, at: Position): Promise<Step | null> {
  const values = [fence.jobId, fence.epoch, at.round, at.slot];
  const [row] = await database.lazy<{ body: string }>('standing', readStep, values);
  return row ? decodeStep(row.body) : null;
}

const insertClaims = `
  WITH fenced AS (SELECT id FROM fleet.jobs WHERE id = $1 AND epoch = $2 AND state = 'running'),
  asked AS (SELECT * FROM unnest($3::int[], $4::int[]) AS a (round, slot)),
  mine AS (
    INSERT INTO fleet.claims (job_id, round, slot, epoch, owner)
    SELECT fenced.id, asked.round, asked.slot, $2, $5 FROM fenced, asked
    ON CONFLICT DO NOTHING
    RETURNING round, slot, epoch
  ),
  held AS (
    SELECT round, slot, epoch FROM mine
    UNION
    SELECT c.round, c.slot, c.epoch FROM fleet.claims c JOIN asked ON (asked.round, asked.slot) = (c.round, c.slot)
    WHERE c.job_id = $1 AND c.owner = $5
  )
  SELECT (SELECT count(*)::int FROM fenced) AS fenced,
    coalesce((SELECT json_agg(held) FROM held), '[]'::json) AS held`;

export async function claim(
  database: Database,
  fence: Fence,
  positions: readonly Position[],
): Promise<Position[] | 'superseded'> {
  const [row] = await database.flushed<{ fenced: number; held: Claim[] }>('claim', insertClaims, [
    fence.jobId,
    fence.epoch,
    positions.map((position) => position.round),
    positions.map((position) => position.slot),
    fence.owner,
  ]);
  if (row?.fenced !== 1) return 'superseded';
  return row.held.map(({ round, slot }) => ({ round, slot }));
}

const deleteClaims = `
  DELETE FROM fleet.claims c USING unnest($3::int[], $4::int[]) AS a (round, slot)
  WHERE c.job_id = $1 AND c.owner = $2 AND (c.round, c.slot) = (a.round, a.slot)`;

export async function unclaim(
  database: Database,
  fence: Fence,
  positions: readonly Position[],
): Promise<void> {
  await database.flushed('unclaim', deleteClaims, [
    fence.jobId,
    fence.owner,
    positions.map((position) => position.round),
    positions.map((position) => position.slot),
  ]);
}
