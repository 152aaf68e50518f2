import { clockDifference, clockWarnings } from '@mcp-fleet/core';
import type { Document } from 'mongodb';
import type { Database } from './database.ts';

/** What a MongoDB server is set up for that loses accepted jobs when it crashes. */
export async function setupWarnings({ client }: Database): Promise<string[]> {
  const admin = client.db('admin');
  let hello: Document = {};
  const difference = await clockDifference(async () => {
    hello = await admin.command({ hello: 1 });
    return hello.localTime instanceof Date ? hello.localTime.getTime() : Date.now();
  });
  const warnings = clockWarnings('the MongoDB store', difference);
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
