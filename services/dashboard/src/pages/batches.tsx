import { fleet } from '../fleet.ts';
import { count, time, usd } from '../format.ts';
import { Listing } from '../parts/listing.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { ProgressBar } from '../parts/progress-bar.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { UploadForm } from '../parts/upload-form.tsx';
import { href } from '../route.ts';
import { useList } from '../use-list.ts';

export function Batches() {
  const list = useList((limit) => fleet().batches.list({ limit }), 'batches');
  return (
    <>
      <PageHead title="Batches" />
      <UploadForm />
      <Listing
        list={list}
        label="Batches"
        columns={['State', 'Batch', 'Lines', 'Progress', 'Cost', 'Made']}
        numbers={['Lines', 'Cost']}
        empty="No batches yet. Upload a file of JSON lines here, or by fleet batch submit."
        row={({ id, state, lines, progress, usage, created_at }) => (
          <tr key={id}>
            <td>
              <StateBadge state={state} />
            </td>
            <td>
              <a href={href('batch', id)}>{id}</a>
            </td>
            <td class="number">{count(lines)}</td>
            <td>
              <ProgressBar label={`Progress of ${id}`} done={progress.ended} of={lines} />
            </td>
            <td class="number">{usd(usage.cost_usd)}</td>
            <td>{time(created_at)}</td>
          </tr>
        )}
      />
    </>
  );
}
