import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { insidePostgres } from './queue/fixtures.ts';
import { queueContract } from './queue/queue-contract.ts';

describe('the queue on PGlite', () => {
  queueContract({
    async createPlace() {
      const target = await mkdtemp(join(tmpdir(), 'fleet-queue-'));
      return { target, remove: () => rm(target, { recursive: true, force: true }) };
    },
    lookInside(place) {
      if (!place.query) throw new Error('an embedded place has SQL');
      return insidePostgres(place.query, async () => undefined);
    },
  });
});
