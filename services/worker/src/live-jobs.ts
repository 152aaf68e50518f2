import type { ServerResponse } from 'node:http';
import type { FleetEvent } from '@mcp-fleet/core';
import type { Signals } from '@mcp-fleet/queue';
import { isAddressSecret, PartialReplies, type ServerRoutes, toLiveEvent } from '@mcp-fleet/runtime';

/** How long a job stays watched by an api that asked for it; an api that still follows it asks again before. */
const watchedMs = 60_000;

/** Bytes that an api may be behind; what comes while it is further behind it misses. */
const mostBehind = 1024 * 1024;

/** How often a silent stream sends an empty line, so that a broken one is noticed. */
const heartbeatMs = 15_000;

/**
 * Streams what is not recorded, such as text while a model writes it, to the apis that follow jobs of this worker:
 * one connection for each api, made by the api. Best effort: an api that reads too slowly misses events, and the worker
 * never waits for one.
 */
export class LiveJobs {
  readonly #signals: Pick<Signals, 'publish'>;
  readonly #token: string | undefined;
  readonly #replies = new PartialReplies();
  readonly #running = new Set<string>();
  /** By job, the apis that follow it, and until when. */
  readonly #watchers = new Map<string, Map<string, number>>();
  readonly #streams = new Map<string, ServerResponse>();
  readonly #held = new Set<string>();
  readonly #heartbeat: NodeJS.Timeout;
  #url: string | undefined;

  /** Without a token, for apis on this machine only. */
  constructor(signals: Pick<Signals, 'publish'>, token: string | undefined) {
    this.#signals = signals;
    this.#token = token;
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs).unref();
  }

  /** Where apis reach the routes; until it is known, nobody is told of jobs here. */
  announce(url: string): void {
    this.#url = url;
  }

  readonly routes: ServerRoutes = (app) => {
    app.get<{ Querystring: { api?: string } }>('/internal/live', async (request, reply) => {
      const { api } = request.query;
      if (!api || !this.#admits(request.headers.authorization)) {
        return reply.code(401).send({ message: 'FLEET_INTERNAL_TOKEN of this worker is another.' });
      }
      reply.hijack();
      this.#open(api, reply.raw);
      return reply;
    });
  };

  /** An api follows these jobs. */
  watch(jobIds: readonly string[], api: string): void {
    const now = performance.now();
    this.#forgetOld(now);
    for (const jobId of jobIds) {
      const watchers = this.#watchers.get(jobId) ?? new Map<string, number>();
      this.#watchers.set(jobId, watchers.set(api, now + watchedMs));
      if (!this.#running.has(jobId)) continue;
      this.#tell(jobId);
      this.#catchUp(jobId, api);
    }
  }

  readonly listen = (event: FleetEvent): void => {
    const { jobId } = event.job;
    if (event.type === 'job_taken') {
      this.#running.add(jobId);
      if (this.#watchers.has(jobId)) this.#tell(jobId);
    }
    this.#replies.listen(event);
    const watchers = this.#watchers.get(jobId);
    const live = watchers && toLiveEvent(event);
    if (!live) return;
    const line = `${JSON.stringify(live)}\n`;
    for (const api of watchers.keys()) this.#send(api, line);
  };

  /** The job's delivery is over. */
  end(jobId: string): void {
    this.#running.delete(jobId);
    this.#replies.forget(jobId);
  }

  async stop(): Promise<void> {
    clearInterval(this.#heartbeat);
    for (const stream of this.#streams.values()) stream.end();
  }

  #admits(authorization: string | undefined): boolean {
    if (this.#url === undefined) return false;
    if (this.#token === undefined) return true;
    const [, secret] = /^Bearer (\S+)$/.exec(authorization ?? '') ?? [];
    return secret !== undefined && isAddressSecret(secret, this.#token, this.#url);
  }

  #open(api: string, response: ServerResponse): void {
    this.#streams.get(api)?.end();
    this.#streams.set(api, response);
    response.on('error', () => undefined);
    response.once('close', () => {
      if (this.#streams.get(api) === response) this.#streams.delete(api);
    });
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write('\n');
    for (const jobId of this.#running) if (this.#watchers.get(jobId)?.has(api)) this.#catchUp(jobId, api);
  }

  #catchUp(jobId: string, api: string): void {
    const text = this.#replies.of(jobId);
    if (text) this.#send(api, `${JSON.stringify(toLiveEvent(text))}\n`);
  }

  #send(api: string, line: string): void {
    const stream = this.#streams.get(api);
    if (stream && stream.writableLength < mostBehind && !stream.writableEnded) stream.write(line);
  }

  /** What is known in one turn of the event loop goes in one message. */
  #tell(jobId: string): void {
    if (this.#url === undefined) return;
    if (this.#held.size === 0) {
      setImmediate(() => {
        const jobIds = [...this.#held];
        this.#held.clear();
        void this.#signals.publish({ kind: 'held', jobIds, url: this.#url as string });
      });
    }
    this.#held.add(jobId);
  }

  #forgetOld(now: number): void {
    for (const [jobId, watchers] of this.#watchers) {
      for (const [api, until] of watchers) if (until < now) watchers.delete(api);
      if (watchers.size === 0) this.#watchers.delete(jobId);
    }
  }

  #beat(): void {
    for (const api of this.#streams.keys()) this.#send(api, '\n');
  }
}
