import { useState } from 'preact/hooks';
import { fleet } from '../fleet.ts';
import { href } from '../route.ts';
import { currentTheme, setTheme } from '../theme.ts';
import { useReading } from '../use-reading.ts';

/** Pages by their names, with those that belong to each. */
const entries = [
  { page: '', name: 'Overview', also: [] },
  { page: 'chat', name: 'Chat', also: [] },
  { page: 'jobs', name: 'Jobs', also: ['job'] },
  { page: 'sessions', name: 'Sessions', also: ['session'] },
  { page: 'batches', name: 'Batches', also: ['batch'] },
  { page: 'approvals', name: 'Approvals', also: [] },
  { page: 'dead-letters', name: 'Dead letters', also: [] },
  { page: 'tools', name: 'Workers and tools', also: [] },
  { page: 'keys', name: 'Keys and limits', also: [] },
  { page: 'audit', name: 'Audit log', also: [] },
];

const countEveryMs = 5_000;
const mostCounted = 20;

export function Navigation({ page, askForKey }: { page: string; askForKey: () => void }) {
  const [open, setOpen] = useState(false);
  const [theme, show] = useState(currentTheme);
  const pending = useReading(
    () => fleet().approvals.list({ pending: true, limit: mostCounted }),
    'pending approvals',
    countEveryMs,
  );
  const waiting = pending.data?.data.length ?? 0;
  const other = theme === 'dark' ? 'light' : 'dark';
  const turn = () => {
    setTheme(other);
    show(other);
  };
  return (
    <nav class={open ? 'open' : undefined} aria-label="Pages">
      <div class="brand">
        <a href={href('')}>
          <img src="./icon.svg" alt="" width="24" height="24" /> mcp-fleet
        </a>
        <button type="button" class="menu" aria-expanded={open} onClick={() => setOpen(!open)}>
          Menu
        </button>
      </div>
      <ul>
        {entries.map(({ page: to, name, also }) => (
          <li key={to}>
            <a
              href={href(to)}
              aria-current={to === page || also.includes(page) ? 'page' : undefined}
              onClick={() => setOpen(false)}
            >
              {name}
              {to === 'approvals' && waiting > 0 ? (
                <span class="count">
                  {waiting}
                  {pending.data?.has_more ? '+' : ''} <span class="unseen">waiting</span>
                </span>
              ) : null}
            </a>
          </li>
        ))}
      </ul>
      <div class="aside">
        <a href="/queues/">Queue internals</a>
        <a href="/docs">API reference</a>
        <button type="button" onClick={askForKey}>
          API key
        </button>
        <button type="button" onClick={turn}>
          {other === 'dark' ? 'Dark' : 'Light'} colours
        </button>
      </div>
    </nav>
  );
}
