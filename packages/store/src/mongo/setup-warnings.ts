import { clockDifference, clockWarnings } from '@mcp-fleet/core';
import type { Database } from './database.ts';

/** What a MongoDB server is set up for that loses accepted jobs when it crashes. */
export async function setupWarnings({ client }: Database): Promise<string[]> {
  const askedAt = Date.now();
  const hello = await client.db('admin').command({ hello: 1 });
  const theirs = hello.localTime instanceof Date ? hello.localTime.getTime() : askedAt;
  const warnings = clockWarnings('the MongoDB store', clockDifference(askedAt, theirs, Date.now()));
  if (hello.setName === undefined && hello.msg !== 'isdbgrid') {
    warnings.push(
      'The MongoDB store is a single server: jobs are gone when its disk is. Run a replica set of three.',
    );
  } else if (Array.isArray(hello.hosts) && hello.hosts.length === 1) {
    warnings.push(
      'The replica set of the MongoDB store has one member: jobs are gone when its disk is. Add two.',
    );
  }
  return warnings;
}
