/** `sum(max by (labels) (name{label=~"values"}))`, the one form of PromQL that is understood here. */
const form = /^sum\(max by \(([\w, ]+)\) \((\w+)\{(\w+)=~"([^"]+)"\}\)\)$/;

/**
 * What a query of that form comes to over the texts that targets showed at `/metrics`; null when no series is there.
 * Throws for any other query, so that a manifest that changes is not misread.
 */
export function evaluateQuery(query: string, targets: readonly string[]): number | null {
  const [, by = '', name = '', label = '', values = ''] = form.exec(query) ?? refuse(query);
  const labels = by.split(',').map((each) => each.trim());
  const wanted = new RegExp(`^(?:${values})$`);
  const groups = new Map<string, number>();
  for (const series of targets.flatMap((text) => readSeries(text, name))) {
    if (!wanted.test(series.labels[label] ?? '')) continue;
    const group = labels.map((each) => series.labels[each] ?? '').join('\n');
    groups.set(group, Math.max(groups.get(group) ?? Number.NEGATIVE_INFINITY, series.value));
  }
  return groups.size === 0 ? null : [...groups.values()].reduce((sum, value) => sum + value, 0);
}

/** The series of one metric in Prometheus' text format. */
export function readSeries(text: string, name: string): { labels: Record<string, string>; value: number }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] !== name) return [];
    const labels = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, label, value]) => [label, value] as [string, string],
    );
    return [{ labels: Object.fromEntries(labels), value: Number(match[3]) }];
  });
}

function refuse(query: string): never {
  throw new Error(
    `The query ${query} is not understood; sum(max by (labels) (name{label=~"values"})) was expected.`,
  );
}
