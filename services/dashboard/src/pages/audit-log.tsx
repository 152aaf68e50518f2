import type { AuditEntry } from '@mcp-fleet/client';
import { useState } from 'preact/hooks';
import { fleet } from '../fleet.ts';
import { time } from '../format.ts';
import { DataTable } from '../parts/data-table.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { JsonView } from '../parts/json-view.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { useReading } from '../use-reading.ts';

const step = 50;

export function AuditLog() {
  const [limit, setLimit] = useState(step);
  const { data, error, reload } = useReading(() => fleet().audit({ limit }), 'audit log', 5_000);
  const more = () => {
    setLimit(limit + step);
    reload();
  };
  return (
    <>
      <PageHead title="Audit log" />
      <p>
        Who did what with keys, limits, agents, webhooks and approvals. Each entry carries the hash of the one
        before; <code>fleet audit verify</code> checks them all.
      </p>
      <ErrorNote error={error} />
      {data?.data.length === 0 ? <p class="empty">Nothing has been done yet that is written down.</p> : null}
      {data && data.data.length > 0 ? (
        <DataTable
          label="Audit log"
          columns={['No.', 'When', 'Key', 'Action', 'What', 'Details']}
          numbers={['No.']}
        >
          {data.data.map((entry) => (
            <Row key={entry.n} entry={entry} />
          ))}
        </DataTable>
      ) : null}
      {data?.has_more ? (
        <button type="button" onClick={more}>
          Show more
        </button>
      ) : null}
    </>
  );
}

function Row({ entry: { n, at, actor, action, target, details, hash } }: { entry: AuditEntry }) {
  return (
    <tr>
      <td class="number">{n}</td>
      <td>{time(at)}</td>
      <td>
        <code>{actor}</code>
      </td>
      <td>{action}</td>
      <td>
        <code>{target}</code>
      </td>
      <td>
        <JsonView summary={details.outcome ?? 'done'} value={{ ...details, hash }} />
      </td>
    </tr>
  );
}
