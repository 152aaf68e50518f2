import { fleet } from '../fleet.ts';
import { ApprovalCard } from '../parts/approval-card.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { useList } from '../use-list.ts';

export function Approvals() {
  const list = useList((limit) => fleet().approvals.list({ limit }), 'approvals');
  const all = list.data ?? [];
  const pending = all.filter(({ state }) => state === 'pending');
  const decided = all.filter(({ state }) => state !== 'pending');
  return (
    <>
      <PageHead title="Approvals" />
      <ErrorNote error={list.error} />
      {list.data && pending.length === 0 ? <p class="empty">No call waits for a decision.</p> : null}
      {pending.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} decided={list.reload} />
      ))}
      {decided.length > 0 ? <h2>Decided</h2> : null}
      {decided.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} decided={list.reload} />
      ))}
      {list.more ? (
        <button type="button" onClick={list.more}>
          Show more
        </button>
      ) : null}
    </>
  );
}
