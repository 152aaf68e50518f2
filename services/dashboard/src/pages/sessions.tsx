import { fleet } from '../fleet.ts';
import { time } from '../format.ts';
import { Listing } from '../parts/listing.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { href } from '../route.ts';
import { useList } from '../use-list.ts';

export function Sessions() {
  const list = useList((limit) => fleet().sessions.list({ limit }), 'sessions');
  return (
    <>
      <PageHead title="Sessions">
        <a class="button" href={href('chat')}>
          New conversation
        </a>
      </PageHead>
      <Listing
        list={list}
        label="Sessions"
        columns={['Session', 'Agent', 'Now', 'Changed', 'Made']}
        empty="No sessions yet. A conversation under Chat makes one."
        row={(session) => (
          <tr key={session.id}>
            <td>
              <a href={href('session', session.id)}>{session.metadata.title ?? session.id}</a>
            </td>
            <td>{session.agent}</td>
            <td>{session.active_job ? <StateBadge state="running" /> : 'idle'}</td>
            <td>{time(session.updated_at)}</td>
            <td>{time(session.created_at)}</td>
          </tr>
        )}
      />
    </>
  );
}
