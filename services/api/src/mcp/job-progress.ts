import type { FleetClient, Job, Step } from '@mcp-fleet/client';
import { shorten } from './plain-text.ts';

/** Sends one progress notification; `progress` counts them. */
export type SendProgress = (progress: number, message: string) => Promise<void>;

/** Looks at a job and tells what is new about it; resolves to whether anything was. */
export type TellProgress = (job: Job, signal: AbortSignal) => Promise<boolean>;

/** Tells each step of a job once, and each time that it is parked. */
export function progressOf(client: FleetClient, send: SendProgress): TellProgress {
  const told = new Set<string>();
  const tell = async (key: string, message: string) => {
    if (told.has(key)) return false;
    told.add(key);
    await send(told.size, message);
    return true;
  };
  return async (job, signal) => {
    let isNew = false;
    // Results of calls that ran in parallel may be recorded in another order than that of their positions.
    for (const step of await client.jobs.steps(job.id, signal)) {
      isNew = (await tell(`${step.round}.${step.slot}`, stepText(step))) || isNew;
    }
    if (job.wait === null) return isNew;
    const { until, reason } = job.wait;
    const time = until === null ? '' : ` until ${until}`;
    return (await tell(`wait ${until} ${reason}`, `waits${time}${reason ? `: ${reason}` : ''}`)) || isNew;
  };
}

function stepText(step: Step): string {
  if (step.type === 'joined_query') return 'a query joined the turn';
  if (step.type === 'tool_result') {
    const outcome = {
      ok: 'answered',
      error: 'answered with an error',
      unknown: 'has an unknown outcome',
      denied: 'was denied',
      expired: 'was not approved in time',
    };
    return `${step.tool} ${outcome[step.outcome]}`;
  }
  const calls = step.content.filter((block) => block.type === 'tool_use').map(({ name }) => String(name));
  if (calls.length > 0) return `the model calls ${calls.join(', ')}`;
  const text = step.content.map((block) => (block.type === 'text' ? String(block.text) : '')).join('');
  return `the model replied: ${shorten(text, 100)}`;
}
