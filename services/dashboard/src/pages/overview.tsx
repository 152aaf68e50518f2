import type { Overview as Figures } from '@mcp-fleet/client';
import { useState } from 'preact/hooks';
import { fleet } from '../fleet.ts';
import { count, duration, usd } from '../format.ts';
import { Chart } from '../parts/chart.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { href } from '../route.ts';
import { useReading } from '../use-reading.ts';

const spans = [
  { seconds: 300, name: '5 minutes' },
  { seconds: 3_600, name: 'Hour' },
  { seconds: 86_400, name: 'Day' },
];

const everyMs = 2_000;

export function Overview() {
  const [seconds, setSeconds] = useState(300);
  const { data, error } = useReading(
    (signal) => fleet().overview({ seconds, signal }),
    `last ${seconds}`,
    everyMs,
  );
  return (
    <>
      <PageHead title="Overview">
        <fieldset class="choice">
          <legend class="unseen">Time shown</legend>
          {spans.map(({ seconds: of, name }) => (
            <button key={of} type="button" aria-pressed={of === seconds} onClick={() => setSeconds(of)}>
              {name}
            </button>
          ))}
        </fieldset>
      </PageHead>
      <ErrorNote error={error} />
      {data ? <Shown figures={data} seconds={seconds} /> : null}
    </>
  );
}

function Shown({ figures, seconds }: { figures: Figures; seconds: number }) {
  const { totals, periods, workers } = figures;
  const ended = totals.succeeded + totals.failed + totals.canceled + totals.expired;
  // The last one is not over: what came so far would look like a fall.
  const full = periods.slice(0, -1);
  const times = full.map(({ at }) => Date.parse(at) / 1_000);
  const perSecond = periods.length / seconds;
  const each = (value: (period: Figures['totals']) => number | null | undefined) =>
    full.map((period) => value(period) ?? null);
  return (
    <>
      {figures.complete ? null : (
        <p class="note">More jobs than are counted: the oldest of this time are missing in what follows.</p>
      )}
      <dl class="tiles">
        <Tile name="In the queue" value={count(figures.queued)} more={`${count(figures.running)} running`} />
        <Tile
          name="Workers"
          value={count(workers.count)}
          more={`${count(workers.in_flight)} of ${count(workers.places)} places taken`}
          warn={workers.count === 0}
        />
        <Tile name="Ended" value={count(ended)} more={`${(ended / seconds).toFixed(1)} a second`} />
        <Tile
          name="Failed"
          value={count(totals.failed)}
          more={`${ended === 0 ? 0 : Math.round((totals.failed / ended) * 100)} % of those that ended`}
          warn={totals.failed > 0}
        />
        <Tile
          name="Time to the answer"
          value={totals.duration_ms ? duration(totals.duration_ms.p50) : '–'}
          more={totals.duration_ms ? `95 % within ${duration(totals.duration_ms.p95)}` : 'nothing ended'}
        />
        <Tile
          name="Cost"
          value={usd(totals.cost_usd)}
          more={`${count(totals.tokens)} tokens; ${usd(figures.day_cost_usd)} today`}
        />
      </dl>
      <div class="charts">
        <Chart
          title="Jobs a second"
          times={times}
          show={(n) => `${round(n)}`}
          lines={[
            { label: 'accepted', tone: 'accent', values: each(({ accepted }) => accepted * perSecond) },
            { label: 'succeeded', tone: 'good', values: each(({ succeeded }) => succeeded * perSecond) },
            { label: 'failed', tone: 'bad', values: each(({ failed }) => failed * perSecond) },
          ]}
        />
        <Chart
          title="Time to the answer"
          times={times}
          show={duration}
          lines={[
            { label: 'median', tone: 'accent', values: each((period) => period.duration_ms?.p50) },
            { label: '95 %', tone: 'slow', values: each((period) => period.duration_ms?.p95) },
          ]}
        />
        <Chart
          title="Wait in the queue"
          times={times}
          show={duration}
          lines={[
            { label: 'median', tone: 'accent', values: each((period) => period.queue_ms?.p50) },
            { label: '95 %', tone: 'slow', values: each((period) => period.queue_ms?.p95) },
          ]}
        />
        <Chart
          title="Tokens a second"
          times={times}
          show={(n) => `${round(n)}`}
          lines={[{ label: 'in and out', tone: 'accent', values: each(({ tokens }) => tokens * perSecond) }]}
        />
      </div>
      {figures.errors.length > 0 ? (
        <section aria-labelledby="errors">
          <h2 id="errors">Errors</h2>
          <ul class="errors">
            {figures.errors.map(({ type, count: times }) => (
              <li key={type}>
                <a href={href('dead-letters', null, { error: type })}>
                  <code>{type}</code>
                </a>{' '}
                {count(times)}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
    </>
  );
}

function Tile({
  name,
  value,
  more,
  warn = false,
}: {
  name: string;
  value: string;
  more: string;
  warn?: boolean;
}) {
  return (
    <div class={warn ? 'tile warn' : 'tile'}>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        <small>{more}</small>
      </dd>
    </div>
  );
}

const round = (n: number) => (n >= 100 ? count(Math.round(n)) : Number(n.toFixed(1)));
