import type { Job, NewJob } from '@mcp-fleet/core';
import { MongoBulkWriteError } from 'mongodb';
import { newDocument } from './accept.ts';
import { type Database, flushed, onlyDuplicates } from './database.ts';
import { toJob } from './documents.ts';

export async function acceptMany(database: Database, jobs: readonly NewJob[]): Promise<Job[]> {
  if (jobs.length === 0) return [];
  const now = database.clock.now();
  const docs = jobs.map((job) => newDocument(job, null, now));
  try {
    await database.jobs.insertMany(docs, { ...flushed, ordered: false });
    return docs.map(toJob);
  } catch (thrown) {
    if (!(thrown instanceof MongoBulkWriteError) || !onlyDuplicates(thrown)) throw thrown;
    const standing = new Set([thrown.writeErrors].flat().map((fault) => fault.index));
    return docs.filter((_, n) => !standing.has(n)).map(toJob);
  }
}
