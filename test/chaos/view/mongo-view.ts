import { MongoClient } from 'mongodb';
import type { JobRow, StoreView } from './store-view.ts';

interface JobDoc {
  _id: string;
  session_id: string | null;
  turn: number | null;
  state: string;
  epoch: number;
  crashes: number;
  answer: string | null;
  error: string | null;
  query: string;
  idempotency_key?: string;
  ended_at: Date | null;
}

interface StepDoc {
  _id: string;
  job_id: string;
  body: string;
}

/** The store on MongoDB. */
export function openMongoView(url: string): StoreView {
  const client = new MongoClient(url, {
    serverSelectionTimeoutMS: 3_000,
    socketTimeoutMS: 15_000,
    maxPoolSize: 2,
    appName: 'chaos checker',
  });
  const database = client.db(new URL(url).pathname.slice(1));
  return {
    jobs: async () =>
      (
        await database
          .collection<JobDoc>('jobs')
          .find({}, { projection: { agent: 0, metadata: 0 } })
          .toArray()
      ).map(toRow),
    async steps(ids) {
      const docs = database.collection<StepDoc>('steps').find(ids ? { job_id: { $in: [...ids] } } : {});
      const rows = (await docs.sort({ _id: 1 }).toArray()).map(({ _id, job_id, body }) => {
        const [, round, slot] = _id.split('/');
        return { jobId: job_id, round: Number(round), slot: Number(slot), body };
      });
      return rows;
    },
    dropStepUniqueness: async () => {
      throw new Error('The _id index of MongoDB cannot be dropped; this defect needs --topology postgres.');
    },
    close: () => client.close(),
  };
}

function toRow(doc: JobDoc): JobRow {
  return {
    id: doc._id,
    sessionId: doc.session_id,
    turn: doc.turn,
    state: doc.state,
    epoch: doc.epoch,
    crashes: doc.crashes,
    answer: doc.answer,
    error: doc.error,
    query: doc.query,
    idempotencyKey: doc.idempotency_key ?? null,
    endedAt: doc.ended_at?.getTime() ?? null,
  };
}
