import { FleetError } from '@mcp-fleet/core';
import {
  type Collection,
  GridFSBucket,
  type GridFSFile,
  MongoBulkWriteError,
  MongoClient,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  type OptionalUnlessRequiredId,
  type WriteConcernSettings,
} from 'mongodb';
import type { BatchDoc, LineDoc, ShareDoc } from './batches/batch-documents.ts';
import type {
  AgentDoc,
  ApprovalDoc,
  AuditDoc,
  ClaimDoc,
  DataKeyDoc,
  DayCostDoc,
  JobDoc,
  KeyDoc,
  MetaDoc,
  SessionDoc,
  StepDoc,
  TenantDoc,
  ToolsetDoc,
} from './documents.ts';
import type { OfflineCallDoc, UpstreamBatchDoc } from './offload-documents.ts';
import { ServerClock } from './server-clock.ts';
import type { DeliveryDoc, WebhookDoc } from './webhook-documents.ts';

/** Flushed on a majority before the call returns. */
export const flushed: { writeConcern: WriteConcernSettings } = {
  writeConcern: { w: 'majority', journal: true },
};
/** On a majority, flushed by the server in its own time. */
export const lazy: { writeConcern: WriteConcernSettings } = {
  writeConcern: { w: 'majority', journal: false },
};

/** The collections of one fleet. */
export interface Database {
  client: MongoClient;
  sessions: Collection<SessionDoc>;
  jobs: Collection<JobDoc>;
  steps: Collection<StepDoc>;
  claims: Collection<ClaimDoc>;
  approvals: Collection<ApprovalDoc>;
  toolsets: Collection<ToolsetDoc>;
  agents: Collection<AgentDoc>;
  keys: Collection<KeyDoc>;
  tenants: Collection<TenantDoc>;
  dayCosts: Collection<DayCostDoc>;
  audit: Collection<AuditDoc>;
  dataKeys: Collection<DataKeyDoc>;
  webhooks: Collection<WebhookDoc>;
  deliveries: Collection<DeliveryDoc>;
  batches: Collection<BatchDoc>;
  lines: Collection<LineDoc>;
  shares: Collection<ShareDoc>;
  offlineCalls: Collection<OfflineCallDoc>;
  upstreamBatches: Collection<UpstreamBatchDoc>;
  meta: Collection<MetaDoc>;
  blobs: GridFSBucket;
  /** What the bucket keeps about its blobs. */
  files: Collection<GridFSFile>;
  clock: ServerClock;
}

/** Opens the database that a URL names (`fleet` when it names none). Connects when it is first used. */
export function openDatabase(url: string): Database {
  const client = new MongoClient(url, {
    serverSelectionTimeoutMS: 5_000,
    connectTimeoutMS: 5_000,
    // A server that is paused or cut off answers nothing and closes nothing.
    socketTimeoutMS: 60_000,
    appName: 'mcp-fleet',
  });
  const db = client.db(new URL(url).pathname.slice(1) || 'fleet');
  return {
    client,
    sessions: db.collection('sessions'),
    jobs: db.collection('jobs'),
    steps: db.collection('steps'),
    claims: db.collection('claims'),
    approvals: db.collection('approvals'),
    toolsets: db.collection('toolsets'),
    agents: db.collection('agents'),
    keys: db.collection('api_keys'),
    tenants: db.collection('tenants'),
    dayCosts: db.collection('day_costs'),
    audit: db.collection('audit'),
    dataKeys: db.collection('data_keys'),
    webhooks: db.collection('webhooks'),
    deliveries: db.collection('deliveries'),
    batches: db.collection('batches'),
    lines: db.collection('batch_lines'),
    shares: db.collection('shares'),
    offlineCalls: db.collection('offline_calls'),
    upstreamBatches: db.collection('upstream_batches'),
    meta: db.collection('meta'),
    blobs: new GridFSBucket(db, { bucketName: 'blobs' }),
    files: db.collection('blobs.files'),
    clock: new ServerClock(client),
  };
}

/** Codes of a server that steps down, shuts down or has no primary (MongoDB server, error_codes.yml). */
const unavailableCodes = new Set([6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436]);

const socketCodes = new Set(['EPIPE', 'ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'ERR_STREAM_DESTROYED']);

/** Runs one verb, and turns what the driver throws into the store's faults. */
export async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof FleetError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    if (!isUnavailable(thrown)) {
      throw new FleetError('store_failed', `The MongoDB store refused a command: ${reason}.`, {
        cause: thrown,
      });
    }
    throw new FleetError('store_unavailable', `The MongoDB store cannot be reached: ${reason}.`, {
      cause: thrown,
    });
  }
}

function isUnavailable(thrown: unknown): boolean {
  if (thrown instanceof MongoNetworkError || thrown instanceof MongoServerSelectionError) return true;
  if (thrown instanceof MongoServerError && thrown.code !== undefined) {
    return unavailableCodes.has(Number(thrown.code));
  }
  // A bulk write wraps whatever it met on the way.
  if (thrown instanceof MongoBulkWriteError) return true;
  // A socket that breaks under a GridFS stream is not always wrapped by the driver.
  if (thrown instanceof Error && 'code' in thrown && socketCodes.has(String(thrown.code))) return true;
  return (
    thrown instanceof MongoError &&
    /NotConnected|TopologyClosed|ClientClosed|PoolCleared|PoolClosed|Timeout/.test(thrown.name)
  );
}

/** True for a violation of a unique index. */
export function isDuplicate(thrown: unknown): boolean {
  return thrown instanceof MongoServerError && thrown.code === 11000;
}

/** Inserts the documents whose _id is not there yet; true when that was all of them. */
export async function insertNew<Doc extends { _id: string }>(
  collection: Collection<Doc>,
  docs: OptionalUnlessRequiredId<Doc>[],
  concern: { writeConcern: WriteConcernSettings },
): Promise<boolean> {
  if (docs.length === 0) return true;
  try {
    await collection.insertMany(docs, { ...concern, ordered: false });
    return true;
  } catch (thrown) {
    if (onlyDuplicates(thrown)) return false;
    throw thrown;
  }
}

/**
 * True when all that failed of a write are documents whose unique keys are there already. A connection that broke is wrapped
 * like them, with no document that failed: then nothing is known to be written.
 */
export function onlyDuplicates(thrown: unknown): boolean {
  if (!isDuplicate(thrown)) return false;
  if (!(thrown instanceof MongoBulkWriteError)) return true;
  const faults = [thrown.writeErrors].flat();
  return faults.every((fault) => fault.code === 11000) && !thrown.result.getWriteConcernError();
}
