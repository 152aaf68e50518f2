import type { Job, JobFilter, JobState } from '@mcp-fleet/client';
import { fleet } from '../fleet.ts';
import { duration, shorten, textOf, time, usd } from '../format.ts';
import type { PageProps } from '../page-props.ts';
import { Listing } from '../parts/listing.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { href } from '../route.ts';
import { useList } from '../use-list.ts';

const states: JobState[] = ['queued', 'running', 'waiting', 'succeeded', 'failed', 'canceled', 'expired'];

const longestQuery = 80;

export function Jobs({ query }: PageProps) {
  const chosen = { state: query.get('state') ?? '', session_id: query.get('session_id') ?? '' };
  const filter = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== '')) as JobFilter;
  const list = useList((limit) => fleet().jobs.list({ ...filter, limit }), JSON.stringify(filter));
  const choose = (change: Partial<typeof chosen>) => {
    location.hash = href('jobs', null, { ...chosen, ...change });
  };
  return (
    <>
      <PageHead title="Jobs">
        <a class="button" href={href('chat')}>
          New query
        </a>
      </PageHead>
      <div class="filters">
        <label>
          State
          <select value={chosen.state} onChange={(event) => choose({ state: event.currentTarget.value })}>
            <option value="">All</option>
            {states.map((state) => (
              <option key={state}>{state}</option>
            ))}
          </select>
        </label>
        <label>
          Session
          <input
            value={chosen.session_id}
            placeholder="ses_…"
            onChange={(event) => choose({ session_id: event.currentTarget.value.trim() })}
          />
        </label>
      </div>
      <Listing
        list={list}
        label="Jobs"
        columns={['State', 'Query', 'Agent', 'Accepted', 'Took', 'Cost']}
        numbers={['Took', 'Cost']}
        empty="No such jobs. Submit one under Chat, or by fleet submit."
        row={(job) => <Row key={job.id} job={job} />}
      />
    </>
  );
}

function Row({ job }: { job: Job }) {
  const took = job.ended_at ? Date.parse(job.ended_at) - Date.parse(job.created_at) : null;
  return (
    <tr>
      <td>
        <StateBadge state={job.state} />
      </td>
      <td class="wide">
        <a href={href('job', job.id)}>{shorten(textOf(job.query), longestQuery) || job.id}</a>
      </td>
      <td>{job.agent}</td>
      <td>{time(job.created_at)}</td>
      <td class="number">{took === null ? '' : duration(took)}</td>
      <td class="number">{job.usage ? usd(job.usage.cost_usd) : ''}</td>
    </tr>
  );
}
