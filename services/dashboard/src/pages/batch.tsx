import type { BatchResult, Batch as BatchView } from '@mcp-fleet/client';
import { download } from '../download.ts';
import { fleet } from '../fleet.ts';
import { count, duration, shorten, time, usd } from '../format.ts';
import type { PageProps } from '../page-props.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { Facts } from '../parts/facts.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { ProgressBar } from '../parts/progress-bar.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { href } from '../route.ts';
import { useReading } from '../use-reading.ts';

const everyMs = 1_500;
const linesShown = 50;
const longestAnswer = 120;

export function Batch({ id }: PageProps) {
  const reading = useReading((signal) => fleet().batches.get(id, signal), id, everyMs);
  const results = useReading(() => firstResults(id), id, everyMs);
  const batch = reading.data;
  if (batch === null) {
    return (
      <>
        <PageHead title="Batch" />
        <ErrorNote error={reading.error} />
      </>
    );
  }
  return (
    <>
      <PageHead title="Batch">
        <Actions batch={batch} changed={reading.reload} />
      </PageHead>
      <ProgressBar label="Lines that have ended" done={batch.progress.ended} of={batch.lines} />
      {batch.pause_reason ? <p class="note">Paused: {batch.pause_reason}</p> : null}
      <BatchFacts batch={batch} />
      <h2>First lines that have ended</h2>
      <ErrorNote error={reading.error ?? results.error} />
      {results.data?.length === 0 ? <p class="empty">None yet.</p> : null}
      {results.data && results.data.length > 0 ? (
        <DataTable
          label="Results"
          columns={['Line', 'Name', 'State', 'Answer', 'Cost']}
          numbers={['Line', 'Cost']}
        >
          {results.data.map((result) => (
            <ResultRow key={result.line} result={result} />
          ))}
        </DataTable>
      ) : null}
    </>
  );
}

async function firstResults(id: string): Promise<BatchResult[]> {
  const results: BatchResult[] = [];
  for await (const result of fleet().batches.results(id)) {
    results.push(result);
    if (results.length >= linesShown) break;
  }
  return results;
}

function Actions({ batch, changed }: { batch: BatchView; changed: () => void }) {
  const { id, state, counts } = batch;
  const { batches } = fleet();
  const then = (work: Promise<unknown>) => work.then(changed);
  const save = async (format: 'jsonl' | 'csv') =>
    download(await batches.download(id, { format }), `${id}.${format}`);
  return (
    <>
      {state === 'in_progress' ? (
        <ActionButton work={() => then(batches.pause(id))}>Pause</ActionButton>
      ) : null}
      {state === 'paused' ? (
        <ActionButton primary work={() => then(batches.resume(id))}>
          Resume
        </ActionButton>
      ) : null}
      {state === 'in_progress' || state === 'paused' ? (
        <ActionButton confirm="Yes, cancel its lines" work={() => then(batches.cancel(id))}>
          Cancel
        </ActionButton>
      ) : null}
      {state === 'ended' && counts.errored + counts.expired > 0 ? (
        <ActionButton work={() => then(batches.retryFailed(id))}>Run failed lines again</ActionButton>
      ) : null}
      <ActionButton work={() => save('jsonl')}>Results as JSON lines</ActionButton>
      <ActionButton work={() => save('csv')}>as CSV</ActionButton>
    </>
  );
}

function BatchFacts({ batch }: { batch: BatchView }) {
  const { counts, usage, progress, budget } = batch;
  const left = progress.seconds_left;
  return (
    <Facts
      of={{
        Id: <code>{batch.id}</code>,
        State: <StateBadge state={batch.state} />,
        Agent: batch.agent,
        Lines: count(batch.lines),
        Succeeded: count(counts.succeeded),
        Failed: count(counts.errored),
        Canceled: count(counts.canceled),
        Expired: count(counts.expired),
        Invalid: counts.invalid > 0 ? count(counts.invalid) : null,
        Rate:
          progress.lines_per_second === null
            ? null
            : `${progress.lines_per_second.toFixed(1)} lines a second`,
        Left: left === null || batch.state === 'ended' ? null : duration(left * 1_000),
        Cost: usd(usage.cost_usd),
        Budget: budget.max_cost_usd === null ? null : usd(budget.max_cost_usd),
        Made: time(batch.created_at),
        Ended: batch.ended_at ? time(batch.ended_at) : null,
      }}
    />
  );
}

function ResultRow({ result }: { result: BatchResult }) {
  const { line, custom_id, state, job_id, answer, error, usage } = result;
  const said = shorten(answer ?? error?.message ?? '', longestAnswer);
  return (
    <tr>
      <td class="number">{line}</td>
      <td>{job_id ? <a href={href('job', job_id)}>{custom_id ?? job_id}</a> : custom_id}</td>
      <td>
        <StateBadge state={state} />
      </td>
      <td class="wide">{said}</td>
      <td class="number">{usage ? usd(usage.cost_usd) : ''}</td>
    </tr>
  );
}
