import { toUsd } from '@mcp-fleet/core';
import { overviewOf } from '../overview.ts';
import type { Api, ApiParts } from '../parts.ts';
import { listOf, refusals } from '../schemas/common.ts';
import {
  type OverviewView,
  overviewQuery,
  overview as overviewSchema,
  type WorkerView,
  worker as workerSchema,
} from '../schemas/overview.ts';
import type { SeenWorker } from '../worker-roster.ts';

const tags = ['overview'];

/** Jobs that an overview looks at, and up to which open ones are counted. */
const mostJobs = 10_000;

/** How the fleet does: the caller's jobs, and for operators the workers. */
export function overviewRoutes(app: Api, { store, roster }: ApiParts): void {
  app.get(
    '/v1/overview',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags,
        summary: 'Rates, latencies, costs and errors of the last minutes',
        querystring: overviewQuery,
        response: { 200: overviewSchema, ...refusals },
      },
    },
    async (request): Promise<OverviewView> => {
      const { tenant } = request.caller;
      const { seconds } = request.query;
      const now = new Date();
      const since = new Date(now.getTime() - seconds * 1_000);
      const [jobs, open, day, workers] = await Promise.all([
        store.recentJobs(tenant, { since, limit: mostJobs }),
        store.openJobs(tenant, mostJobs),
        store.dayCost(tenant),
        roster.workers(),
      ]);
      return {
        type: 'overview',
        at: now.toISOString(),
        complete: jobs.length < mostJobs,
        ...open,
        day_cost_usd: toUsd(day.cost),
        workers: sumOf(workers),
        ...overviewOf(jobs, { now, seconds }),
      };
    },
  );

  app.get(
    '/v1/workers',
    {
      config: { scope: 'operator' },
      schema: {
        tags,
        summary: 'The workers of the whole fleet with their tool servers, as they tell of themselves',
        response: { 200: listOf(workerSchema), ...refusals },
      },
    },
    async () => ({ data: (await roster.workers()).map(workerView) }),
  );
}

function sumOf(workers: readonly SeenWorker[]): OverviewView['workers'] {
  const sum = (count: (worker: SeenWorker['status']) => number) =>
    workers.reduce((total, { status }) => total + count(status), 0);
  return {
    count: workers.length,
    in_flight: sum(({ inFlight }) => inFlight),
    places: sum(({ places }) => places),
  };
}

function workerView({ status, seenAt }: SeenWorker): WorkerView {
  return {
    type: 'worker',
    id: status.id,
    host: status.host,
    started_at: status.startedAt,
    seen_at: seenAt.toISOString(),
    in_flight: status.inFlight,
    places: status.places,
    draining: status.draining,
    servers: status.servers.map(({ inFlight, ...server }) => ({ ...server, in_flight: inFlight })),
  };
}
