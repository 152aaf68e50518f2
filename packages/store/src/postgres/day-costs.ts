import type { DayCost } from '@mcp-fleet/core';
import type { Database } from './database.ts';

const today = "(now() AT TIME ZONE 'UTC')::date";

/** The counting as a CTE of the statement that ends a job; `ended` has the job's tenant. */
export const countCost = (ended: string, cost: string, part: string): string => `
  counted AS (
    INSERT INTO fleet.day_costs AS d (tenant, day, part, cost)
    SELECT ${ended}.tenant, ${today}, ${part}::int, ${cost}::bigint FROM ${ended} WHERE ${cost}::bigint > 0
    ON CONFLICT (tenant, day, part) DO UPDATE SET cost = d.cost + excluded.cost
  )`;

const readDay = `
  SELECT coalesce(sum(cost), 0)::float8 AS cost,
    (extract(epoch FROM (${today} + 1)::timestamp - now() AT TIME ZONE 'UTC') * 1000)::float8 AS left_ms
  FROM fleet.day_costs WHERE tenant = $1 AND day = ${today}`;

export async function dayCost(database: Database, tenant: string): Promise<DayCost> {
  const [row] = await database.lazy<{ cost: number; left_ms: number }>('day_cost', readDay, [tenant]);
  return { cost: row?.cost ?? 0, leftMs: row?.left_ms ?? 0 };
}
