import { setTimeout as delay } from 'node:timers/promises';
import { ApiFault } from './api-fault.ts';
import { Batches } from './batches.ts';
import {
  type Config,
  configBody,
  type Fault,
  type Script,
  type SimulatorConfig,
  scriptBody,
} from './control.ts';
import type { Conversation, Reply } from './conversation.ts';
import { Gate } from './gate.ts';
import { composeReply, plannedReply } from './reply.ts';
import { RequestLog } from './request-log.ts';
import { Scripts } from './script.ts';
import { Stats } from './stats.ts';
import { toApiFault } from './to-api-fault.ts';

/** What a request is answered with. `unanswered` is a request that hung until its client left. */
export type Answer =
  | { kind: 'reply'; reply: Reply }
  | { kind: 'fault'; fault: ApiFault }
  | { kind: 'held'; reply: Reply; after: number; released: Promise<boolean> }
  | { kind: 'cut'; reply: Reply; after: number }
  | { kind: 'fault_after'; reply: Reply; after: number; fault: ApiFault }
  | { kind: 'garbage' }
  | { kind: 'unanswered' };

/** The simulator's state and its decision of what to answer; knows nothing of HTTP. */
export class Simulator {
  readonly stats = new Stats();
  readonly requests = new RequestLog();
  readonly gate = new Gate();
  readonly batches = new Batches((conversation, job) => this.batchReply(conversation, job));
  private readonly scripts = new Scripts();
  private readonly initial: Config;
  private current: Config;
  private sinceFault = 0;

  constructor(config: SimulatorConfig) {
    const given = configBody.parse(config);
    const plain: Config = {
      latencyMs: 0,
      latencyJitterMs: 0,
      eventMs: 0,
      fault: null,
      requestLog: false,
      batchMs: 0,
    };
    this.initial = { ...plain, ...withoutAbsent(given) };
    this.current = this.initial;
  }

  get config(): Config {
    return this.current;
  }

  configure(change: SimulatorConfig): void {
    this.current = { ...this.current, ...withoutAbsent(configBody.parse(change)) };
  }

  script(script: Script): void {
    const { job, replies } = scriptBody.parse(script);
    this.scripts.add(job, replies);
  }

  /** Forgets the scripted replies that were not played. Returns how many there were. */
  clearScripts(): number {
    return this.scripts.reset();
  }

  /** Forgets scripts and counters, returns to the settings of the start and releases what is held. */
  reset(): void {
    this.scripts.reset();
    this.stats.reset();
    this.requests.reset();
    this.batches.reset();
    this.gate.release();
    this.current = this.initial;
    this.sinceFault = 0;
  }

  async answer(
    conversation: Conversation,
    job: string | undefined,
    left: () => AbortSignal,
  ): Promise<Answer> {
    const { latencyMs, latencyJitterMs } = this.current;
    const wait = latencyMs + (latencyJitterMs > 0 ? Math.random() * latencyJitterMs : 0);
    if (wait > 0 && !(await waited(wait, left()))) return { kind: 'unanswered' };
    const fault = this.dueFault();
    if (fault) return { kind: 'fault', fault: toApiFault(fault) };
    const scripted = this.scripts.next(job);
    if (!scripted) return { kind: 'reply', reply: plannedReply(conversation) };

    const holding = scripted.hang || scripted.hold;
    if (holding && !(await this.gate.wait(left(), !scripted.hang))) return { kind: 'unanswered' };
    if (scripted.garbage) return { kind: 'garbage' };
    const failing = scripted.error && toApiFault(scripted.error);
    if (failing && scripted.fail_after === undefined) return { kind: 'fault', fault: failing };
    const reply =
      scripted.content === undefined ? plannedReply(conversation) : composeReply(conversation, scripted);
    if (scripted.hold_after !== undefined) {
      return { kind: 'held', reply, after: scripted.hold_after, released: this.gate.wait(left(), true) };
    }
    if (scripted.cut_after !== undefined) return { kind: 'cut', reply, after: scripted.cut_after };
    if (scripted.fail_after === undefined) return { kind: 'reply', reply };
    const late = failing ?? new ApiFault(529, 'Overloaded');
    return { kind: 'fault_after', reply, after: scripted.fail_after, fault: late };
  }

  /** What an item of a batch is answered with: a reply, as scripted for its job or planned, or a fault. */
  private batchReply(conversation: Conversation, job: string): Reply {
    const scripted = this.scripts.next(job);
    if (scripted?.error) throw toApiFault(scripted.error);
    return scripted?.content === undefined
      ? plannedReply(conversation)
      : composeReply(conversation, scripted);
  }

  private dueFault(): Fault | null {
    const { fault } = this.current;
    if (fault === null) return null;
    this.sinceFault += 1;
    if (this.sinceFault < fault.every) return null;
    this.sinceFault = 0;
    return fault;
  }
}

async function waited(ms: number, left: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal: left });
    return true;
  } catch {
    return false;
  }
}

/** Drops keys that are present and undefined, which a spread would copy. */
function withoutAbsent<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
