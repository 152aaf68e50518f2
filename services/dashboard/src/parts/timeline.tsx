import type { Job, Step } from '@mcp-fleet/client';
import type { ComponentChildren } from 'preact';
import { count, duration, time, usd } from '../format.ts';
import type { JobProgress } from '../use-job-events.ts';
import { Blocks } from './blocks.tsx';
import { JsonView } from './json-view.tsx';
import { StateBadge } from './state-badge.tsx';

/** What a job did, in its order, with what it does now at the end. */
export function Timeline({ job, progress }: { job: Job; progress: JobProgress }) {
  const { steps, text, calls, error } = progress;
  // What a job waited for before it was followed is said by the job alone.
  const waits = progress.waits ?? (job.state === 'waiting' ? job.wait : null);
  const longest = Math.max(1, ...steps.map((step) => step.duration_ms));
  return (
    <ol class="timeline" aria-label="Steps">
      <Entry title="Query" aside={time(job.created_at)}>
        <Blocks content={job.query} />
      </Entry>
      {steps.map((step) => (
        <StepEntry key={`${step.round}.${step.slot}`} step={step} steps={steps} longest={longest} />
      ))}
      {text ? (
        <Entry title="Reply" aside={<StateBadge state="running" />} live>
          <p class="text">{text}</p>
        </Entry>
      ) : null}
      {calls.map(({ slot, tool, says }) => (
        <Entry key={slot} title={tool} aside={<StateBadge state="running" />} live>
          {says ? <p class="text">{says}</p> : null}
        </Entry>
      ))}
      {waits ? (
        <Entry title="Waits" aside={waits.until ? `until ${time(waits.until)}` : ''} live>
          <p>{waits.reason ?? 'It goes on by itself.'}</p>
        </Entry>
      ) : null}
      {error ? (
        <Entry title="The stream broke" aside="">
          <p>{error.message}</p>
        </Entry>
      ) : null}
      {job.ended_at ? (
        <Entry title="End" aside={time(job.ended_at)}>
          <StateBadge state={job.state} /> {job.stop_reason ?? ''}
          {job.error ? (
            <p class="note error">
              <code>{job.error.type}</code> {job.error.message}
            </p>
          ) : null}
        </Entry>
      ) : null}
    </ol>
  );
}

function StepEntry({ step, steps, longest }: { step: Step; steps: Step[]; longest: number }) {
  const aside = <Duration ms={step.duration_ms} longest={longest} />;
  if (step.type === 'reply') {
    const { input_tokens, output_tokens } = step.usage;
    return (
      <Entry title={`Reply of ${step.model}`} aside={aside}>
        <Blocks content={step.content} />
        <p class="quiet">
          {count(input_tokens)} tokens in, {count(output_tokens)} out · {usd(step.cost_usd)} ·{' '}
          {step.stop_reason}
        </p>
      </Entry>
    );
  }
  if (step.type === 'tool_result') {
    return (
      <Entry title={step.tool} aside={aside}>
        <StateBadge state={step.outcome} />
        <JsonView summary="Arguments" value={inputOf(step.tool_use_id, steps)} />
        <Blocks content={step.content} />
      </Entry>
    );
  }
  return (
    <Entry title="Query that joined" aside={aside}>
      <Blocks content={step.content} />
    </Entry>
  );
}

function inputOf(toolUseId: string, steps: Step[]): unknown {
  const blocks = steps.flatMap((step) => (step.type === 'reply' ? step.content : []));
  return blocks.find((block) => block.type === 'tool_use' && block.id === toolUseId)?.input;
}

function Duration({ ms, longest }: { ms: number; longest: number }) {
  return (
    <span class="duration">
      <meter aria-label="Part of the longest step" min={0} max={longest} value={ms} />
      {duration(ms)}
    </span>
  );
}

function Entry({
  title,
  aside,
  live = false,
  children,
}: {
  title: string;
  aside: ComponentChildren;
  live?: boolean;
  children?: ComponentChildren;
}) {
  return (
    <li class={live ? 'live' : undefined}>
      <div class="entry-head">
        <h2>{title}</h2>
        <span>{aside}</span>
      </div>
      {children}
    </li>
  );
}
