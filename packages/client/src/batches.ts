import { type EstimateQuery, estimateLines } from './estimate-lines.ts';
import { type Http, pause, search } from './http.ts';
import type { Lines } from './line-pieces.ts';
import { PageRequest } from './page-request.ts';
import { Patience } from './patience.ts';
import { type ResultsQuery, readResults } from './read-results.ts';
import type {
  Batch,
  BatchBudget,
  BatchEstimate,
  BatchResult,
  NewBatch,
  Page,
  PageQuery,
  UploadedBatch,
} from './types.ts';
import { type UploadOptions, uploadLines } from './upload-lines.ts';

export interface WaitOptions {
  /** Called with the batch each time that it is read, at last with its end; what it returns is awaited. */
  onProgress?: ((batch: Batch) => void | Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
}

/** Milliseconds between two readings of a batch that is waited for: at first, and at most. */
const firstLookMs = 200;
const longestLookMs = 2_000;

/** Jobs that are submitted together, as lines. */
export class Batches {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /**
   * Creates a batch, uploads its lines and lets them run. An upload that breaks goes on where it stood; one that fails
   * leaves nothing behind. Without `lines` the batch is only created, for `upload` and `finalize`.
   */
  async create({
    lines,
    onUpload,
    signal,
    ...settings
  }: NewBatch & Pick<UploadOptions, 'onUpload' | 'signal'> & { lines?: Lines } = {}): Promise<UploadedBatch> {
    // Nothing runs before the upload's end: a second one, made when an answer was lost, expires by itself.
    const created = await this.#http.json<UploadedBatch>({
      method: 'POST',
      path: '/v1/batches',
      body: settings,
      repeatable: true,
      signal,
    });
    if (lines === undefined) return created;
    onUpload?.(created);
    try {
      const uploaded = await uploadLines(this.#http, created, lines, { onUpload, signal });
      return { ...(await this.finalize(created.id)), invalid_lines: uploaded.invalid_lines };
    } catch (thrown) {
      await this.delete(created.id).catch(() => undefined);
      throw thrown;
    }
  }

  /** What lines may use, at least and at most. Nothing of them is kept, and nothing runs. */
  estimate({
    lines,
    ...query
  }: EstimateQuery & { lines: Lines; signal?: AbortSignal }): Promise<BatchEstimate> {
    return estimateLines(this.#http, lines, query);
  }

  /** Sends lines to a batch that was created without, or whose upload had stopped at `offset`. */
  async upload(id: string, lines: Lines, options: UploadOptions = {}): Promise<UploadedBatch> {
    return uploadLines(this.#http, await this.get(id, options.signal), lines, options);
  }

  /** Ends the upload and lets the lines run. */
  finalize(id: string): Promise<Batch> {
    return this.#post(id, 'finalize');
  }

  get(id: string, signal?: AbortSignal): Promise<Batch> {
    return this.#http.json({ method: 'GET', path: batchPath(id), signal });
  }

  list(query: PageQuery = {}): PageRequest<Batch> {
    const read = (after: string | undefined) =>
      this.#http.json<Page<Batch>>({
        method: 'GET',
        path: `/v1/batches${search({ ...query, after_id: after })}`,
      });
    return new PageRequest(read, query);
  }

  /** Starts no more lines; those that have begun go on. */
  pause(id: string): Promise<Batch> {
    return this.#post(id, 'pause');
  }

  resume(id: string): Promise<Batch> {
    return this.#post(id, 'resume');
  }

  /** Ends every line that has not ended, at once. */
  cancel(id: string): Promise<Batch> {
    return this.#post(id, 'cancel');
  }

  /** Sets what all lines together may use; a batch that paused for its budget goes on. Null takes a limit away. */
  setBudget(id: string, budget: BatchBudget): Promise<Batch> {
    return this.#post(id, 'budget', budget);
  }

  /** Runs lines that failed or expired once more. */
  retryFailed(id: string): Promise<Batch> {
    return this.#http.json({ method: 'POST', path: `${batchPath(id)}/retry_failed`, body: {} });
  }

  /** Deletes a batch that has ended with its lines, jobs and results, or one that is still uploaded. */
  delete(id: string): Promise<{ id: string; type: 'batch_deleted' }> {
    return this.#http.json({ method: 'DELETE', path: batchPath(id) });
  }

  /** The results so far in the order of lines, one by one, however many they are. */
  results(id: string, query: ResultsQuery = {}): AsyncGenerator<BatchResult> {
    return readResults(this.#http, `${batchPath(id)}/results`, query);
  }

  /** The results so far as a file: its text is the response's body, which can be streamed. */
  download(
    id: string,
    { format = 'jsonl', all }: { format?: 'jsonl' | 'csv'; all?: boolean } = {},
  ): Promise<Response> {
    return this.#http.send({ method: 'GET', path: `${batchPath(id)}/results${search({ format, all })}` });
  }

  /** Resolves once every line has ended, however it ended. Goes on when the fleet was away for a while. */
  async wait(id: string, { onProgress, signal }: WaitOptions = {}): Promise<Batch> {
    const patience = new Patience(signal);
    for (let ms = firstLookMs; ; ms = Math.min(ms * 1.5, longestLookMs)) {
      const batch = await patience.through(() => this.get(id, signal));
      patience.restore();
      await onProgress?.(batch);
      if (batch.state === 'ended') return batch;
      await pause(ms, signal);
    }
  }

  #post(id: string, action: string, body: object = {}): Promise<Batch> {
    return this.#http.json({
      method: 'POST',
      path: `${batchPath(id)}/${action}`,
      body,
      repeatable: true,
    });
  }
}

const batchPath = (id: string) => `/v1/batches/${encodeURIComponent(id)}`;
