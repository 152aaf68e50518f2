import { z } from 'zod';

/** What a worker says of itself. */
export const workerStatus = z.object({
  id: z.string(),
  host: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  /** Jobs that it holds, and places that it has for them. */
  inFlight: z.number(),
  places: z.number(),
  /** It takes no more jobs. */
  draining: z.boolean(),
  servers: z.array(
    z.object({
      name: z.string(),
      transport: z.string(),
      state: z.enum(['idle', 'starting', 'ready', 'down', 'stopped']),
      tools: z.number(),
      inFlight: z.number(),
      restarts: z.number(),
    }),
  ),
});
export type WorkerStatus = z.infer<typeof workerStatus>;

/** What a process tells all others at once. Ids and names only, no contents. */
export const fleetSignal = z.discriminatedUnion('kind', [
  /** Jobs that have ended from outside, were interrupted, or have queries that wait to join them. */
  z.object({ kind: z.enum(['stop', 'interrupt', 'join']), jobIds: z.array(z.string()) }),
  /** Somebody follows these jobs and wants to hear of their steps; `by` is the api, absent for one that is older. */
  z.object({ kind: z.literal('watch'), jobIds: z.array(z.string()), by: z.string().optional() }),
  /** There is something new of these jobs; `ended` are those among them that have ended, absent from a worker that is older. */
  z.object({
    kind: z.literal('moved'),
    jobIds: z.array(z.string()),
    ended: z.array(z.string()).optional(),
  }),
  /** A worker runs these followed jobs, and streams what they do at this address. */
  z.object({ kind: z.literal('held'), jobIds: z.array(z.string()), url: z.string() }),
  /** A worker has begun to listen; it does not know yet who follows what. */
  z.object({ kind: z.literal('worker_ready') }),
  /** A worker says every so often how it does; `gone` when it ends. */
  z.object({ kind: z.literal('worker'), worker: workerStatus, gone: z.boolean() }),
  /** Somebody wants to know of all workers. */
  z.object({ kind: z.literal('roll_call') }),
  /** A provider asked for a pause: no call of this model before it is over. */
  z.object({ kind: z.literal('rate_limited'), model: z.string(), forMs: z.number() }),
]);
export type FleetSignal = z.infer<typeof fleetSignal>;

/**
 * Messages to every process of the fleet, itself included: quick, and at most once. Whoever depends on one has
 * another way to find out, such as the store's `news`.
 */
export interface Signals {
  /** Sends; a signal that cannot be sent is dropped. */
  publish(signal: FleetSignal): Promise<void>;
  /** Listens until `stop`. Connections that break are made anew. */
  listen(listener: (signal: FleetSignal) => void): Promise<{ stop(): Promise<void> }>;
}

/** Ids in one message: PostgreSQL takes 8,000 bytes. */
const idsInOne = 100;

/** Splits a signal into messages that every channel takes. */
export function encodeSignal(signal: FleetSignal): string[] {
  if (!('jobIds' in signal)) return [JSON.stringify(signal)];
  const messages: string[] = [];
  for (let n = 0; n < signal.jobIds.length; n += idsInOne) {
    const jobIds = signal.jobIds.slice(n, n + idsInOne);
    const ended =
      signal.kind === 'moved' ? signal.ended?.filter((jobId) => jobIds.includes(jobId)) : undefined;
    messages.push(JSON.stringify({ ...signal, jobIds, ended }));
  }
  return messages;
}

/** Reads a message; null for one that is none, such as another version's. */
export function decodeSignal(message: string): FleetSignal | null {
  try {
    return fleetSignal.parse(JSON.parse(message));
  } catch {
    return null;
  }
}
