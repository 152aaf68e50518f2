import { FleetApiError, type Tool, type Worker } from '@mcp-fleet/client';
import { useState } from 'preact/hooks';
import { fleet } from '../fleet.ts';
import { count, textOf, time } from '../format.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { JsonView } from '../parts/json-view.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { useReading } from '../use-reading.ts';

export function Tools() {
  const workers = useReading((signal) => fleet().workers(signal), 'workers', 2_000);
  const tools = useReading(() => fleet().tools.list(), 'tools', 10_000);
  return (
    <>
      <PageHead title="Workers and tools" />
      <ErrorNote error={workers.error} />
      {workers.data?.length === 0 ? (
        <p class="empty">
          No worker has said anything of itself in the last 15 seconds. Jobs wait in the queue.
        </p>
      ) : null}
      {workers.data && workers.data.length > 0 ? <Workers workers={workers.data} /> : null}
      <h2>Tools</h2>
      {isElsewhere(tools.error) ? (
        <p class="empty">The tools are at the workers: this api has no tool servers of its own.</p>
      ) : (
        <ErrorNote error={tools.error} />
      )}
      {tools.data?.length === 0 ? (
        <p class="empty">No tools. Add servers with --config or --server.</p>
      ) : null}
      {tools.data?.map((tool) => (
        <ToolCard key={tool.name} tool={tool} />
      ))}
    </>
  );
}

const isElsewhere = (error: Error | null) => error instanceof FleetApiError && error.status === 404;

function Workers({ workers }: { workers: Worker[] }) {
  return (
    <>
      <DataTable
        label="Workers"
        columns={['Worker', 'State', 'Jobs', 'Places', 'Since']}
        numbers={['Jobs', 'Places']}
      >
        {workers.map(({ id, host, draining, in_flight, places, started_at }) => (
          <tr key={id}>
            <td>
              <code>{id}</code> at {host}
            </td>
            <td>
              <StateBadge state={draining ? 'draining' : 'live'} />
            </td>
            <td class="number">{count(in_flight)}</td>
            <td class="number">{count(places)}</td>
            <td>{time(started_at)}</td>
          </tr>
        ))}
      </DataTable>
      <h2>Tool servers</h2>
      <DataTable
        label="Tool servers"
        columns={['Server', 'At worker', 'State', 'Tools', 'Calls', 'Restarts']}
        numbers={['Tools', 'Calls', 'Restarts']}
      >
        {workers.flatMap((worker) =>
          worker.servers.map(({ name, transport, state, tools, in_flight, restarts }) => (
            <tr key={`${worker.id} ${name}`}>
              <td>
                {name} <span class="quiet">{transport}</span>
              </td>
              <td>{worker.host}</td>
              <td>
                <StateBadge state={state} />
              </td>
              <td class="number">{count(tools)}</td>
              <td class="number">{count(in_flight)}</td>
              <td class="number">{count(restarts)}</td>
            </tr>
          )),
        )}
      </DataTable>
    </>
  );
}

function ToolCard({ tool }: { tool: Tool }) {
  const [text, setText] = useState('{}');
  const [output, setOutput] = useState<string | null>(null);
  const call = async () => {
    const { content, is_error } = await fleet().tools.call(tool.name, JSON.parse(text));
    setOutput(`${is_error ? 'Error: ' : ''}${textOf(content)}`);
  };
  return (
    <article class="card" aria-label={tool.name}>
      <div class="entry-head">
        <h2>
          <code>{tool.name}</code>
        </h2>
        <span class="quiet">
          {tool.safety.replaceAll('_', ' ')}
          {tool.approval ? ', needs an approval' : ''}
        </span>
      </div>
      <p>{tool.description}</p>
      <JsonView summary="Its arguments" value={tool.input_schema} />
      {tool.approval ? null : (
        <details>
          <summary>Try it</summary>
          <label>
            Arguments
            <textarea
              rows={3}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
              spellcheck={false}
            />
          </label>
          <ActionButton work={call}>Call {tool.name}</ActionButton>
          {output === null ? null : (
            <output>
              <pre>{output}</pre>
            </output>
          )}
        </details>
      )}
    </article>
  );
}
