import { hash } from 'node:crypto';
import { anthropicApi } from './anthropic-api.ts';
import { ApiFault, invalid } from './api-fault.ts';
import { type BatchScript, batchScriptBody, type Fault } from './control.ts';
import type { Conversation, Reply } from './conversation.ts';
import { asObject } from './model-api.ts';
import { anthropicMessage } from './render-anthropic.ts';
import { toApiFault } from './to-api-fault.ts';

const dayMs = 86_400_000;

interface Item {
  customId: string;
  params: unknown;
}

interface Batch {
  id: string;
  items: Item[];
  createdAt: number;
  /** Null while it is held. */
  endsAt: number | null;
  cancelAt: number | null;
  /** Lines of the results, once it has ended. */
  results: ItemResult[] | null;
}

type ResultType = 'succeeded' | 'errored' | 'canceled' | 'expired';

interface ItemResult {
  customId: string;
  type: ResultType;
  body: Record<string, unknown>;
}

/** A batch as a test sees it. */
export interface BatchSnapshot {
  id: string;
  custom_ids: string[];
  ended: boolean;
}

/** The Message Batches API's state; knows nothing of HTTP. Items are answered when their batch has ended. */
export class Batches {
  readonly #reply: (conversation: Conversation, job: string) => Reply;
  readonly #batches = new Map<string, Batch>();
  #creations: ('lost' | 'hang' | Fault)[] = [];
  #items: { job: string | undefined; result: 'expired' | Fault }[] = [];

  constructor(reply: (conversation: Conversation, job: string) => Reply) {
    this.#reply = reply;
  }

  script(script: BatchScript): void {
    const { job, creations, items } = batchScriptBody.parse(script);
    this.#creations.push(...creations);
    this.#items.push(...items.map((result) => ({ job, result })));
  }

  reset(): void {
    this.#batches.clear();
    this.#creations = [];
    this.#items = [];
  }

  /** What is said instead of the batch when its answer is `lost` or hangs, although it was made. Throws ApiFault. */
  create(body: unknown, batchMs: number | null): Batch | 'lost' | 'hang' {
    const scripted = this.#creations.shift();
    if (typeof scripted === 'object') throw toApiFault(scripted);
    const items = readItems(body);
    const createdAt = Date.now();
    const id = `msgbatch_sim${hash('sha1', `${createdAt} ${this.#batches.size} ${items[0]?.customId}`, 'hex').slice(0, 20)}`;
    const endsAt = batchMs === null ? null : createdAt + batchMs;
    const batch: Batch = { id, items, createdAt, endsAt, cancelAt: null, results: null };
    this.#batches.set(id, batch);
    return scripted ?? batch;
  }

  get(id: string): Batch {
    const batch = this.#batches.get(id);
    if (!batch) throw new ApiFault(404, `message batch ${id} was not found`);
    return this.#settled(batch);
  }

  /** Newest first. */
  list(): Batch[] {
    return [...this.#batches.values()].reverse().map((batch) => this.#settled(batch));
  }

  cancel(id: string): Batch {
    const batch = this.get(id);
    if (batch.results !== null) throw invalid(`Batch ${id} has ended and cannot be canceled`);
    batch.cancelAt ??= Date.now();
    return batch;
  }

  delete(id: string): void {
    if (this.get(id).results === null) {
      throw invalid(`Batch ${id} cannot be deleted while it is processed; cancel it first`);
    }
    this.#batches.delete(id);
  }

  /** Ends those that are held and returns how many there were. */
  end(): number {
    const held = [...this.#batches.values()].filter((batch) => batch.endsAt === null);
    for (const batch of held) batch.endsAt = Date.now();
    return held.length;
  }

  snapshot(): BatchSnapshot[] {
    return [...this.#batches.values()].map((batch) => ({
      id: batch.id,
      custom_ids: batch.items.map((item) => item.customId),
      ended: this.#settled(batch).results !== null,
    }));
  }

  /** The results come in another order than the requests, as the real ones may. */
  #settled(batch: Batch): Batch {
    const canceled = batch.cancelAt !== null && batch.cancelAt < Date.now();
    const over = batch.endsAt !== null && batch.endsAt <= Date.now();
    if (batch.results !== null || !(canceled || over)) return batch;
    batch.endsAt = Math.min(batch.endsAt ?? Date.now(), Date.now());
    batch.results = batch.items
      .map((item) => ({ customId: item.customId, ...this.#process(item, canceled) }))
      .reverse();
    return batch;
  }

  #process({ customId, params }: Item, canceled: boolean): Omit<ItemResult, 'customId'> {
    if (canceled) return { type: 'canceled', body: {} };
    const job = jobOf(customId);
    const scripted = this.#items.findIndex((entry) => entry.job === undefined || entry.job === job);
    const result = scripted < 0 ? undefined : this.#items.splice(scripted, 1)[0]?.result;
    if (result === 'expired') return { type: 'expired', body: {} };
    try {
      if (result !== undefined) throw toApiFault(result);
      const conversation = anthropicApi.read(params, { 'anthropic-version': '2023-06-01' });
      const reply = this.#reply(conversation, job);
      const message = anthropicMessage(reply, conversation.model);
      return {
        type: 'succeeded',
        body: { message: { ...message, usage: { ...reply.usage, service_tier: 'batch' } } },
      };
    } catch (thrown) {
      if (!(thrown instanceof ApiFault)) throw thrown;
      return {
        type: 'errored',
        body: { error: JSON.parse(anthropicApi.renderFault(thrown, `req_${customId}`)) },
      };
    }
  }
}

/** Items say nothing of a job; the fleet's custom ids are its id, a round and an epoch. */
const jobOf = (customId: string): string => customId.replace(/-\d+-\d+$/, '');

const mostItems = 100_000;

function readItems(body: unknown): Item[] {
  const { requests } = asObject(body, 'body');
  if (!Array.isArray(requests) || requests.length === 0) {
    throw invalid('requests: List should have at least 1 item after validation, not 0');
  }
  if (requests.length > mostItems) throw invalid(`requests: List should have at most ${mostItems} items`);
  const seen = new Set<string>();
  return requests.map((each: unknown, at) => {
    const { custom_id, params } = asObject(each, `requests.${at}`);
    if (typeof custom_id !== 'string' || custom_id.length === 0) {
      throw invalid(`requests.${at}.custom_id: Field required`);
    }
    if (custom_id.length > 64) {
      throw invalid(`requests.${at}.custom_id: String should have at most 64 characters`);
    }
    if (!/^[a-zA-Z0-9_-]+$/.test(custom_id)) {
      throw invalid(`requests.${at}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'`);
    }
    if (seen.has(custom_id)) throw invalid(`requests.${at}.custom_id: duplicate custom_id ${custom_id}`);
    seen.add(custom_id);
    if (asObject(params, `requests.${at}.params`).stream === true) {
      throw invalid(`requests.${at}.params.stream: streaming is not supported in batches`);
    }
    return { customId: custom_id, params };
  });
}

/** A batch as the API shows it. Counts stay at zero until all of it has ended. */
export function batchView(batch: Batch, origin: string): Record<string, unknown> {
  const { id, items, createdAt, endsAt, cancelAt, results } = batch;
  const count = (type: ResultType) => results?.filter((result) => result.type === type).length ?? 0;
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  const unended = cancelAt === null ? 'in_progress' : 'canceling';
  return {
    id,
    type: 'message_batch',
    processing_status: results === null ? unended : 'ended',
    request_counts: {
      processing: results === null ? items.length : 0,
      succeeded: count('succeeded'),
      errored: count('errored'),
      canceled: count('canceled'),
      expired: count('expired'),
    },
    created_at: time(createdAt),
    expires_at: time(createdAt + dayMs),
    ended_at: results === null ? null : time(endsAt),
    cancel_initiated_at: time(cancelAt),
    archived_at: null,
    results_url: results === null ? null : `${origin}/v1/messages/batches/${id}/results`,
  };
}

/** The results as lines of JSON. Throws ApiFault while there are none. */
export function batchResults({ id, results }: Batch): string {
  if (results === null) throw new ApiFault(404, `Batch ${id} has no results yet`);
  return results
    .map(({ customId, type, body }) => JSON.stringify({ custom_id: customId, result: { type, ...body } }))
    .map((line) => `${line}\n`)
    .join('');
}
