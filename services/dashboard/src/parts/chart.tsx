import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Line {
  label: string;
  /** Name of a colour of the style sheet, such as `good`. */
  tone: string;
  /** One for each time; null where there is none. */
  values: (number | null)[];
}

interface ChartProps {
  title: string;
  /** Seconds since the epoch. */
  times: number[];
  lines: Line[];
  show: (value: number) => string;
}

const height = 150;

/** Lines over time. Who cannot see it is told each line's last value. */
export function Chart({ title, times, lines, show }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = [times, ...lines.map(({ values }) => values)] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;
  const names = lines.map(({ label, tone }) => `${label} ${tone}`).join();

  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(element, lines, show), latest.current, element);
    };
    draw();
    const sized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    sized.observe(element);
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', draw);
    addEventListener('themechange', draw);
    return () => {
      sized.disconnect();
      system.removeEventListener('change', draw);
      removeEventListener('themechange', draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [names]);
  useEffect(() => plot.current?.setData(data));
  const words = lines.map(({ label, values }) => `${label} ${sayLast(values, show)}`).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        {title}
        <span class="legend">
          {lines.map(({ label, tone, values }) => (
            <span key={label} class={`key ${tone}`}>
              {label} <b>{sayLast(values, show)}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={box} role="img" aria-label={`${title}, at last: ${words}`} />
    </figure>
  );
}

const isSingle = (values: ArrayLike<number | null | undefined>) =>
  Array.from(values).filter((value) => value != null).length === 1;

function sayLast(values: (number | null)[], show: ChartProps['show']): string {
  const last = values.findLast((value) => value !== null);
  return last == null ? 'none' : show(last);
}

function optionsOf(element: HTMLElement, lines: Line[], show: ChartProps['show']): uPlot.Options {
  const colorOf = (tone: string) => {
    const probe = document.createElement('span');
    probe.className = `key ${tone}`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  const axis = {
    stroke: colorOf('quiet'),
    grid: { stroke: colorOf('grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      {
        ...axis,
        size: 28,
        space: 70,
        values: (_plot, at) => at.map((s) => new Date(s * 1_000).toLocaleTimeString('en-GB')),
      },
      { ...axis, size: 64, space: 34, values: (_plot, at) => at.map(show) },
    ],
    series: [
      {},
      ...lines.map(({ label, tone }) => ({
        label,
        stroke: colorOf(tone),
        width: 2,
        // One value alone is no line.
        points: { show: ({ data }: uPlot, n: number) => isSingle(data[n] ?? []), size: 5 },
        spanGaps: true,
      })),
    ],
  };
}
