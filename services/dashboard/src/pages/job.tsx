import type { Job as JobView } from '@mcp-fleet/client';
import { fleet } from '../fleet.ts';
import { count, duration, time, usd } from '../format.ts';
import type { PageProps } from '../page-props.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { ApprovalCard } from '../parts/approval-card.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { Facts } from '../parts/facts.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { href } from '../route.ts';
import { useJobEvents } from '../use-job-events.ts';
import { useReading } from '../use-reading.ts';

const everyMs = 1_500;

export function Job({ id }: PageProps) {
  const progress = useJobEvents(id);
  const over = progress.ended !== null;
  const reading = useReading((signal) => fleet().jobs.get(id, { signal }), id, over ? null : everyMs);
  const approvals = useReading(
    () => fleet().approvals.list({ job_id: id, pending: true }),
    id,
    over ? null : everyMs,
  );
  const job = progress.ended ?? reading.data;
  if (job === null) {
    return (
      <>
        <PageHead title="Job" />
        <ErrorNote error={reading.error} />
      </>
    );
  }
  return (
    <>
      <PageHead title="Job">
        <Actions job={job} />
      </PageHead>
      <JobFacts job={job} />
      {approvals.data?.data.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} decided={approvals.reload} />
      ))}
      <Timeline job={job} progress={progress} />
      {job.answer === null ? null : (
        <section aria-labelledby="answer">
          <h2 id="answer">Answer</h2>
          <p class="text answer">{job.answer}</p>
        </section>
      )}
    </>
  );
}

function Actions({ job }: { job: JobView }) {
  if (job.ended_at === null) {
    return (
      <ActionButton confirm="Yes, cancel it" work={() => fleet().jobs.cancel(job.id)}>
        Cancel
      </ActionButton>
    );
  }
  const replay = (from: 'tail' | 'scratch') => async () => {
    location.hash = href('job', (await fleet().jobs.replay(job.id, from)).id);
  };
  return (
    <>
      <ActionButton work={replay('tail')}>Replay from its last step</ActionButton>
      <ActionButton work={replay('scratch')}>Replay from scratch</ActionButton>
    </>
  );
}

function JobFacts({ job }: { job: JobView }) {
  const { usage, session_id, replay_of } = job;
  const waited = job.started_at ? Date.parse(job.started_at) - Date.parse(job.created_at) : null;
  const took = job.ended_at ? Date.parse(job.ended_at) - Date.parse(job.created_at) : null;
  return (
    <Facts
      of={{
        Id: <code>{job.id}</code>,
        State: <StateBadge state={job.state} />,
        Agent: `${job.agent}, version ${job.agent_version}`,
        Model: job.model,
        Session: session_id ? <a href={href('session', session_id)}>{session_id}</a> : null,
        Repeats: replay_of ? <a href={href('job', replay_of)}>{replay_of}</a> : null,
        Accepted: time(job.created_at),
        'In the queue': waited === null ? null : duration(waited),
        Took: took === null ? null : duration(took),
        Deliveries: job.attempts > 1 ? count(job.attempts) : null,
        Tokens: usage ? `${count(usage.input_tokens)} in, ${count(usage.output_tokens)} out` : null,
        Calls: usage ? `${count(usage.model_calls)} of the model, ${count(usage.tool_calls)} of tools` : null,
        Cost: usage ? usd(usage.cost_usd) : null,
        'Waits for': job.wait?.reason ?? null,
      }}
    />
  );
}
