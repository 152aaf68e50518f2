import { type AgentSpec, agentSpec } from '../agent.ts';
import type { ContextStore } from '../context-store.ts';
import type { FleetEvent } from '../events.ts';
import { type NewJob, plainJob } from '../job.ts';
import type { Alarm, Clock, Model, ToolProvider } from '../ports.ts';
import { priceList } from '../price-list.ts';
import { runJob } from '../run-job.ts';
import type { RunRequests } from '../running.ts';
import { CountingTools } from './counting-tools.ts';
import { MemoryStore } from './memory-store.ts';

/** A token in costs a microdollar, one out five. */
export const prices = priceList({ scripted: { input: 1, output: 5 } });

export const noTools = new CountingTools({});

/** Pauses are no longer than this, and times that a test waits for are longer. */
const longestPauseMs = 5_000;

/** A clock that stands still: pauses are over at once, all other alarms ring when a test says so. */
class TestClock implements Clock {
  readonly #alarms: AbortController[] = [];
  now = (): number => 1000;
  random = (): number => 0.5;

  alarm(ms: number): Alarm {
    const controller = new AbortController();
    if (ms <= longestPauseMs) setImmediate(() => controller.abort());
    else this.#alarms.push(controller);
    return { signal: controller.signal, cancel: () => undefined };
  }

  ring(): void {
    for (const alarm of this.#alarms) alarm.abort();
  }
}

/** One job, `job_1`, accepted, and how to run it. */
export async function setUpRun(options: { agent?: Partial<AgentSpec>; session?: boolean } = {}) {
  const store = new MemoryStore();
  const agent = agentSpec.parse({ model: 'scripted', ...options.agent });
  const sessionId = options.session ? 'sess_1' : null;
  if (sessionId)
    await store.createSession({
      id: sessionId,
      tenant: 't',
      agent: 'default',
      onBusy: 'enqueue',
      metadata: {},
    });
  const submit = (id: string, text: string, over: Partial<NewJob> = {}) =>
    store.accept({
      ...plainJob,
      id,
      tenant: 't',
      sessionId,
      agent,
      query: [{ type: 'text', text }],
      ...over,
    });
  const clock = new TestClock();
  const events: FleetEvent[] = [];
  const run = (
    id: string,
    model: Model,
    tools: ToolProvider = noTools,
    signals: { signal?: AbortSignal; draining?: AbortSignal; requests?: RunRequests } = {},
  ) =>
    runJob(
      id,
      {
        store: store as unknown as ContextStore,
        model,
        tools,
        clock,
      },
      {
        policy: { durability: 'default', prices },
        signal: signals.signal ?? new AbortController().signal,
        draining: signals.draining ?? new AbortController().signal,
        requests: signals.requests ?? { join: false, interrupt: false },
        emit: (event) => events.push(event),
      },
    );
  await submit('job_1', 'first');
  return { store, submit, run, events, clock };
}
