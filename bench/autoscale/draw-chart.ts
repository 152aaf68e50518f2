/** A line of a panel: points in the order of their x. */
export interface Line {
  label: string;
  /** A class of the style below. */
  look: 'first' | 'second';
  points: readonly (readonly [x: number, y: number])[];
  /** Whether it keeps its value until the next point. */
  isStepped?: boolean;
}

export interface Panel {
  title: string;
  lines: readonly Line[];
}

export interface Chart {
  title: string;
  /** The title of the x axis, and where it ends. */
  xTitle: string;
  xMost: number;
  panels: readonly Panel[];
  /** What is written over stretches of x. */
  spans: readonly { from: number; to: number; label: string }[];
}

const width = 900;
const left = 48;
const right = 16;
const panelHeight = 170;
const panelGap = 44;
const top = 58;

/** Colours that can be told apart in both schemes, also by those who do not see red or green. */
const style = `
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .title { font-size: 14px; font-weight: 600 }
  .grid { stroke: #8c959f; stroke-opacity: 0.3 }
  .span { fill: #8c959f; fill-opacity: 0.14 }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  .first { stroke: #0969da } .second { stroke: #bc4c00 } .second.line { stroke-dasharray: 5 3 }
  text.first { fill: #0969da; stroke: none } text.second { fill: #bc4c00; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 }
    .first { stroke: #58a6ff } .second { stroke: #f0883e }
    text.first { fill: #58a6ff } text.second { fill: #f0883e }
  }`;

/** Draws panels above one another over one x axis, as an SVG that fits a light and a dark page. */
export function drawChart(chart: Chart): string {
  const { panels, xMost } = chart;
  const height = top + panels.length * (panelHeight + panelGap);
  const x = (value: number) => left + (value / xMost) * (width - left - right);
  const bottom = height - panelGap;
  const spans = chart.spans.map(
    ({ from, to, label }) =>
      `<rect class="span" x="${round(x(from))}" y="${top - 18}" width="${round(x(to) - x(from))}" height="${bottom - top + 18}"/>` +
      `<line class="grid" x1="${round(x(from))}" x2="${round(x(from))}" y1="${top - 18}" y2="${bottom}"/>` +
      text(x((from + to) / 2), top - 24, label, 'middle'),
  );
  const drawn = panels.map((panel, n) => drawPanel(panel, top + n * (panelHeight + panelGap), x));
  const ticks = ticksTo(xMost, 10).map((value) => text(x(value), bottom + 18, String(value), 'middle'));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(chart.title)}">
<style>${style}
</style>
${[text(left, 18, chart.title, 'start', 'title'), ...spans, ...drawn, ...ticks].join('\n')}
${text(width - right, bottom + 36, chart.xTitle, 'end')}
</svg>
`;
}

function drawPanel({ title, lines }: Panel, topY: number, x: (value: number) => number): string {
  const most = Math.max(1, ...lines.flatMap(({ points }) => points.map(([, value]) => value)));
  const ticks = ticksTo(most, 4);
  const scale = Math.max(most, ticks.at(-1) ?? most);
  const y = (value: number) => topY + panelHeight - (value / scale) * (panelHeight - 22);
  const grid = ticks.map(
    (value) =>
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${round(y(value))}" y2="${round(y(value))}"/>` +
      text(left - 8, y(value) + 4, String(value), 'end'),
  );
  const paths = lines.map(
    ({ look, points, isStepped }) =>
      `<path class="line ${look}" d="${points.map(([px, py], n) => segment(n, round(x(px)), round(y(py)), isStepped)).join('')}"/>`,
  );
  let legendX = left;
  const legend = [title, ...lines.map(({ label }) => label)].map((label, n) => {
    const drawn = text(legendX, topY + 6, label, 'start', lines[n - 1]?.look ?? '');
    legendX += label.length * 6.6 + 18;
    return drawn;
  });
  return [...grid, ...paths, ...legend].join('\n');
}

function segment(n: number, px: string, py: string, isStepped = false): string {
  if (n === 0) return `M${px} ${py}`;
  return isStepped ? `H${px}V${py}` : `L${px} ${py}`;
}

/** Round numbers from 0 up to at least the most, about so many. */
function ticksTo(most: number, count: number): number[] {
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, n) => n * step);
}

function text(x: number, y: number, words: string, anchor: string, look = ''): string {
  const of = look === '' ? '' : ` class="${look}"`;
  return `<text${of} x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

const round = (value: number): string => String(Math.round(value * 10) / 10);
const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
