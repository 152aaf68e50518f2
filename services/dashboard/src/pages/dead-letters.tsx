import type { Job } from '@mcp-fleet/client';
import { useState } from 'preact/hooks';
import { fleet } from '../fleet.ts';
import { count, shorten, textOf, time } from '../format.ts';
import type { PageProps } from '../page-props.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { Listing } from '../parts/listing.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { href } from '../route.ts';
import { useList } from '../use-list.ts';

const longestQuery = 60;

/** Jobs that failed, with ways to run them again. */
export function DeadLetters({ query }: PageProps) {
  const error = query.get('error') ?? '';
  const filter = { state: 'failed' as const, ...(error ? { error } : {}) };
  const list = useList((limit) => fleet().jobs.list({ ...filter, limit }), error);
  const [replayed, setReplayed] = useState<number | null>(null);
  const replayAll = async () => {
    setReplayed((await fleet().jobs.replayMany(filter)).replayed);
    list.reload();
  };
  const types = [...new Set((list.data ?? []).flatMap((job) => job.error?.type ?? []))];
  return (
    <>
      <PageHead title="Dead letters">
        {error ? (
          <ActionButton confirm={`Yes, replay all with ${error}`} work={replayAll}>
            Replay all of this error
          </ActionButton>
        ) : null}
      </PageHead>
      <div class="filters">
        <label>
          Error
          <select
            value={error}
            onChange={(event) => {
              location.hash = href('dead-letters', null, { error: event.currentTarget.value });
            }}
          >
            <option value="">All</option>
            {[...new Set([...types, ...(error ? [error] : [])])].map((type) => (
              <option key={type}>{type}</option>
            ))}
          </select>
        </label>
      </div>
      {replayed === null ? null : <p class="note">{count(replayed)} jobs were submitted again.</p>}
      <Listing
        list={list}
        label="Failed jobs"
        columns={['Query', 'Error', 'Failed', 'Again']}
        empty="No job has failed."
        row={(job) => <Row key={job.id} job={job} />}
      />
    </>
  );
}

function Row({ job }: { job: Job }) {
  const replay = async () => {
    location.hash = href('job', (await fleet().jobs.replay(job.id)).id);
  };
  return (
    <tr>
      <td class="wide">
        <a href={href('job', job.id)}>{shorten(textOf(job.query), longestQuery) || job.id}</a>
      </td>
      <td class="wide">
        <code>{job.error?.type}</code> {job.error?.message}
      </td>
      <td>{job.ended_at ? time(job.ended_at) : ''}</td>
      <td>
        <ActionButton work={replay}>Replay</ActionButton>
      </td>
    </tr>
  );
}
