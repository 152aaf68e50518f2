import { FleetError, isTerminal, type Job, type NewJob } from '@mcp-fleet/core';
import { acceptJob } from '../accept-job.ts';
import { awaitJob } from '../await-job.ts';
import type { ApiParts } from '../parts.ts';
import type { MessageView } from '../schemas/messages.ts';
import { stopJob } from '../stop-job.ts';
import { endedMessage } from './ended-message.ts';
import { LiveText } from './live-text.ts';
import { streamMessage } from './stream-message.ts';

/** A job whose caller waits for its message. */
export class AwaitedMessage {
  readonly job: Job;
  readonly #parts: ApiParts;
  readonly #gone: AbortSignal;
  readonly #text: LiveText;
  readonly #close: () => void;
  #wake = new AbortController();

  private constructor(
    parts: ApiParts,
    job: Job,
    gone: AbortSignal,
    text: LiveText,
    stopListening: () => void,
  ) {
    this.job = job;
    this.#parts = parts;
    this.#gone = gone;
    this.#text = text;
    const stopFollowing = parts.watch.follow(job.id, () => this.#wake.abort());
    this.#close = () => {
      stopListening();
      stopFollowing();
    };
  }

  /**
   * Accepts the job, listening from before it can begin. When the caller goes, a job without an idempotency key is
   * canceled: nobody could ever ask for its answer.
   */
  static async accept(parts: ApiParts, submitted: NewJob, gone: AbortSignal): Promise<AwaitedMessage> {
    const text = new LiveText();
    let wake = () => {};
    const stopListening = parts.events.listen(submitted.id, (event) => {
      text.hear(event);
      wake();
    });
    try {
      const { job } = await acceptJob(parts, submitted);
      const awaited = new AwaitedMessage(parts, job, gone, text, stopListening);
      wake = () => awaited.#wake.abort();
      const leave = () => void awaited.#leave(submitted.idempotencyKey === null);
      if (gone.aborted) leave();
      else gone.addEventListener('abort', leave, { once: true });
      return awaited;
    } catch (thrown) {
      stopListening();
      throw thrown;
    }
  }

  /** The message, whenever it comes. Throws the job's fault when there is none. */
  async whole(): Promise<MessageView> {
    const { store } = this.#parts;
    const { tenant, id } = this.job;
    try {
      const job = await awaitJob(this.#parts, tenant, id, Number.POSITIVE_INFINITY, this.#gone);
      if (job === null) throw new FleetError('job_not_found', `The job ${id} was deleted.`);
      return await endedMessage(store, job);
    } finally {
      this.#close();
    }
  }

  /** The message as server-sent events. */
  async *stream(requestId: string): AsyncGenerator<string> {
    try {
      yield* streamMessage(this.#parts.store, {
        job: this.job,
        text: showsText(this.job) ? this.#text : null,
        news: () => {
          this.#wake = new AbortController();
          return this.#wake.signal;
        },
        gone: this.#gone,
        requestId,
      });
    } finally {
      this.#close();
    }
  }

  async #leave(cancel: boolean): Promise<void> {
    this.#close();
    if (!cancel) return;
    const { tenant, id } = this.job;
    await stopJob(this.#parts, tenant, id).catch((thrown: unknown) => {
      this.#parts.logger.warn({ jobId: id, err: thrown }, 'a job whose caller is gone was not canceled');
    });
  }
}

/** Of a job with tools nobody knows which reply is its last while it comes, and thoughts are no text. */
const showsText = ({ state, agent }: Job): boolean =>
  !isTerminal(state) && agent.tools?.length === 0 && agent.thinking === undefined;
