import pg from 'pg';
import { describe } from 'vitest';
import { describeWith } from '../support/services.ts';
import { createPostgresDatabase } from '../support/topologies.ts';
import { insidePostgres } from './queue/fixtures.ts';
import { outageRules } from './queue/outages.ts';
import { queueContract } from './queue/queue-contract.ts';

describeWith(['postgres'], 'the queue on PostgreSQL', () => {
  const createPlace = async () => {
    const database = await createPostgresDatabase();
    return { target: database.url, remove: () => database.drop() };
  };
  queueContract({
    createPlace,
    lookInside(_place, target) {
      const pool = new pg.Pool({ connectionString: target, max: 1 });
      return insidePostgres(
        (sql, values) => pool.query(sql, values),
        () => pool.end(),
      );
    },
  });
  describe('outages', () => outageRules(createPlace));
});
