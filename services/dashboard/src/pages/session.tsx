import type { Approval } from '@mcp-fleet/client';
import { fleet } from '../fleet.ts';
import { time } from '../format.ts';
import type { PageProps } from '../page-props.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { ApprovalCard } from '../parts/approval-card.tsx';
import { Composer } from '../parts/composer.tsx';
import { Conversation } from '../parts/conversation.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { Facts } from '../parts/facts.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { href } from '../route.ts';
import { useJobEvents } from '../use-job-events.ts';
import { useReading } from '../use-reading.ts';

const everyMs = 1_000;

async function pendingOf(job: string | null): Promise<Approval[]> {
  return job === null ? [] : (await fleet().approvals.list({ job_id: job, pending: true })).data;
}

export function Session({ id }: PageProps) {
  const session = useReading(() => fleet().sessions.get(id), id, everyMs);
  const messages = useReading(() => fleet().sessions.messages(id), id, everyMs);
  const job = session.data?.active_job ?? null;
  const progress = useJobEvents(job);
  const approvals = useReading(() => pendingOf(job), `${job}`, everyMs);
  const send = async (query: string) => {
    await fleet().jobs.create({ query, session_id: id });
    session.reload();
    messages.reload();
  };
  const remove = async () => {
    await fleet().sessions.delete(id);
    location.hash = href('sessions');
  };
  return (
    <>
      <PageHead title="Session">
        {job ? (
          <ActionButton confirm="Yes, stop it" work={() => fleet().jobs.cancel(job)}>
            Stop the job
          </ActionButton>
        ) : null}
        <a class="button" href={href('jobs', null, { session_id: id })}>
          Its jobs
        </a>
        <ActionButton confirm="Yes, delete everything in it" work={remove}>
          Delete
        </ActionButton>
      </PageHead>
      <ErrorNote error={session.error ?? messages.error} />
      {session.data ? (
        <Facts
          of={{
            Id: <code>{id}</code>,
            Agent: session.data.agent,
            'While busy': session.data.on_busy,
            Made: time(session.data.created_at),
          }}
        />
      ) : null}
      <Conversation
        messages={messages.data ?? []}
        progress={job ? progress : null}
        asks={(approvals.data?.length ?? 0) > 0}
      />
      {approvals.data?.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} decided={approvals.reload} />
      ))}
      <Composer send={send} />
    </>
  );
}
