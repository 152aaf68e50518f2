import type {
  Accepted,
  ContextStore,
  Ending,
  Fence,
  Job,
  JobState,
  NewBlob,
  NewJob,
  NewSession,
  Page,
  Position,
  Recorded,
  Session,
  Settled,
  Step,
  StoredBlob,
  Take,
  Toolset,
  Turn,
} from '@mcp-fleet/core';
import { decodeStep, decodeToolset, encode } from '../record-codec.ts';
import { ToolsetCache } from '../toolset-cache.ts';
import { accept } from './accept.ts';
import { blob, saveBlob } from './blobs.ts';
import { type Database, flushed, guard, lazy, openDatabase } from './database.ts';
import { type SessionDoc, toJob, toSession } from './documents.ts';
import { checkMigrated, migrate } from './migrate.ts';
import { claim, recordStep, unclaim } from './record-step.ts';
import { freeSessions, unmovedJobs } from './repairs.ts';
import { settle } from './settle.ts';
import { readSteps, readTurns, take } from './take.ts';

/** The context store on MongoDB, without transactions: every verb is one document's atomic write, or resumable. */
export class MongoStore implements ContextStore {
  readonly #database: Database;
  readonly #toolsets = new ToolsetCache();

  constructor(database: Database) {
    this.#database = database;
  }

  migrate = (): Promise<void> => guard(() => migrate(this.#database));
  check = (): Promise<void> => guard(() => checkMigrated(this.#database));
  close = (): Promise<void> => this.#database.client.close();

  createSession = (session: NewSession): Promise<Session> =>
    guard(async () => {
      const now = new Date();
      const doc: SessionDoc = {
        _id: session.id,
        tenant: session.tenant,
        agent: session.agent,
        metadata: encode(session.metadata),
        active: null,
        accepted: 0,
        admitted: 0,
        turn: 0,
        context_from: 1,
        created_at: now,
        updated_at: now,
      };
      await this.#database.sessions.insertOne(doc, flushed);
      return toSession(doc);
    });

  session = (tenant: string, id: string): Promise<Session | null> =>
    guard(async () => {
      const doc = await this.#database.sessions.findOne({ _id: id, tenant });
      return doc ? toSession(doc) : null;
    });

  sessions = (tenant: string, page: Page): Promise<Session[]> =>
    guard(async () => {
      const found = this.#database.sessions.find({ tenant, ...behind(page) });
      return (await found.sort({ _id: -1 }).limit(page.limit).toArray()).map(toSession);
    });

  turns = (tenant: string, sessionId: string): Promise<Turn[]> =>
    guard(async () => {
      const session = await this.#database.sessions.findOne({ _id: sessionId, tenant });
      return session ? readTurns(this.#database, sessionId, 0) : [];
    });

  accept = (job: NewJob): Promise<Accepted> => guard(() => accept(this.#database, job));

  job = (tenant: string, id: string): Promise<Job | null> =>
    guard(async () => {
      const doc = await this.#database.jobs.findOne({ _id: id, tenant });
      return doc ? toJob(doc) : null;
    });

  jobs = (tenant: string, filter: { state?: JobState; sessionId?: string }, page: Page): Promise<Job[]> =>
    guard(async () => {
      const { state, sessionId } = filter;
      const found = this.#database.jobs.find({
        tenant,
        ...behind(page),
        ...(state ? { state } : {}),
        ...(sessionId ? { session_id: sessionId } : {}),
      });
      return (await found.sort({ _id: -1 }).limit(page.limit).toArray()).map(toJob);
    });

  steps = (jobId: string): Promise<Step[]> =>
    guard(async () => (await readSteps(this.#database, [jobId])).map((step) => decodeStep(step.body)));

  take = (jobId: string): Promise<Take> => guard(() => take(this.#database, jobId));
  recordStep = (fence: Fence, step: Step, options: { durable: boolean }): Promise<Recorded> =>
    guard(() => recordStep(this.#database, fence, step, options.durable));
  claim = (fence: Fence, positions: readonly Position[]): Promise<Position[] | 'superseded'> =>
    guard(() => claim(this.#database, fence, positions));
  unclaim = (fence: Fence, positions: readonly Position[]): Promise<void> =>
    guard(() => unclaim(this.#database, fence, positions));
  settle = (fence: Fence, ending: Ending): Promise<Settled> =>
    guard(() => settle(this.#database, fence, ending));

  park = (
    fence: Fence,
    wait: { until: Date; reason: string; failures: number },
  ): Promise<'parked' | 'superseded'> =>
    this.#hand(fence, 'parked', {
      state: 'waiting',
      wait_until: wait.until,
      wait_reason: wait.reason,
      transient_failures: wait.failures,
    });

  release = (fence: Fence): Promise<'released' | 'superseded'> =>
    this.#hand(fence, 'released', { state: 'queued' });

  #hand<Done>(fence: Fence, done: Done, change: object): Promise<Done | 'superseded'> {
    return guard(async () => {
      const handed = await this.#database.jobs.updateOne(
        { _id: fence.jobId, epoch: fence.epoch, state: 'running' },
        { $set: { ...change, updated_at: new Date() } },
        lazy,
      );
      return handed.matchedCount === 1 ? done : 'superseded';
    });
  }

  cutContext = (sessionId: string, turn: number): Promise<void> =>
    guard(async () => {
      await this.#database.sessions.updateOne({ _id: sessionId }, { $max: { context_from: turn } }, flushed);
    });

  saveToolset = (toolset: Toolset): Promise<void> =>
    this.#toolsets.save(toolset, () =>
      guard(async () => {
        const body = encode(toolset);
        const { toolsets } = this.#database;
        await toolsets.updateOne(
          { _id: toolset.hash },
          { $setOnInsert: { body } },
          { ...flushed, upsert: true },
        );
      }),
    );

  toolset = (hash: string): Promise<Toolset | null> =>
    this.#toolsets.read(hash, () =>
      guard(async () => {
        const doc = await this.#database.toolsets.findOne({ _id: hash });
        return doc ? decodeToolset(doc.body) : null;
      }),
    );

  saveBlob = (blob: NewBlob): Promise<string> => guard(() => saveBlob(this.#database, blob));
  blob = (tenant: string, id: string): Promise<StoredBlob | null> =>
    guard(() => blob(this.#database, tenant, id));
  unmovedJobs = (idleMs: number, limit: number): Promise<string[]> =>
    guard(() => unmovedJobs(this.#database, idleMs, limit));
  freeSessions = (limit: number): Promise<string[]> => guard(() => freeSessions(this.#database, limit));
}

function behind(page: Page): { _id?: { $lt: string } } {
  return page.after === undefined ? {} : { _id: { $lt: page.after } };
}

/** Opens the store on a MongoDB server. Connects when it is first used. */
export function openMongoStore(url: string): MongoStore {
  return new MongoStore(openDatabase(url));
}
