import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetMetrics } from '@mcp-fleet/runtime';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { describeWith, service } from '../support/services.ts';
import { output, root } from './tools.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Rule {
  alert: string;
  expr: string;
  annotations: { runbook: string };
}

const { groups } = parse(read('monitoring/rules.yml')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

/** What the processes of a fleet show. */
function fleetMetrics(): FleetMetrics {
  const metrics = new FleetMetrics();
  metrics.gauge('fleet_jobs_in_flight', 'as the worker has it', () => 0);
  metrics.queue(async () => ({ interactive: noIds, batch: noIds }));
  metrics.unendedJobs(async () => ({}));
  return metrics;
}

function shown(): Set<string> {
  const names = fleetMetrics()
    .registry.getMetricsAsArray()
    .map(({ name }) => name);
  return new Set(names.flatMap((name) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]));
}

const noIds = { waiting: 0, active: 0, delayed: 0 };

describeWith(['promtool'], 'the alert rules', () => {
  test('are such that Prometheus takes', async () => {
    await output(service('promtool'), ['check', 'rules', 'monitoring/rules.yml']);
  });

  test('fire when they should, and only then', async () => {
    await output(service('promtool'), ['test', 'rules', 'monitoring/tests/rules.test.yml']);
  });
});

describe('what alerts and the dashboard are made of', () => {
  test('each metric is one that the fleet shows', () => {
    const used = [read('monitoring/rules.yml'), read('monitoring/grafana/fleet.json')].join('\n');
    const names = new Set([...used.matchAll(/\b(?:fleet|nodejs|process)_[a-z0-9_]+/g)].map(([name]) => name));
    const known = shown();
    expect([...names].filter((name) => !known.has(name))).toEqual([]);
    expect(names.size).toBeGreaterThan(10);
  });

  test('the documentation has every metric, with its labels', () => {
    const rows = [...read('docs/metrics.md').matchAll(/^\| `(fleet_\w+)` \| (.*?) \|/gm)];
    const documented = rows.map(([, name, labels]) => [
      name,
      [...String(labels).matchAll(/`(\w+)`/g)].map(([, label]) => label),
    ]);
    const metrics = fleetMetrics().registry.getMetricsAsArray() as unknown as {
      name: string;
      labelNames: string[];
    }[];
    const own = metrics
      .filter(({ name }) => name.startsWith('fleet_'))
      .map(({ name, labelNames }) => [name, labelNames]);
    expect(documented.toSorted()).toEqual(own.toSorted());
  });

  test('each alert has a section in the runbook, and a test', () => {
    const sections = [...read('docs/runbook.md').matchAll(/^## (.+)$/gm)].map(([, title]) =>
      String(title).toLowerCase().replaceAll(' ', '-'),
    );
    for (const { annotations } of rules) expect(sections).toContain(annotations.runbook);
    const tests = read('monitoring/tests/rules.test.yml');
    for (const { alert } of rules) expect(tests).toContain(`alertname: ${alert}`);
  });
});

describeWith(['promtool'], 'the metrics', () => {
  test('follow the conventions of Prometheus', async () => {
    const text = await fleetMetrics().registry.metrics();
    // The defaults of prom-client have names of their own.
    const own = text.split('\n\n').filter((part) => part.includes('fleet_'));
    const { status, stderr } = spawnSync(service('promtool'), ['check', 'metrics'], {
      input: `${own.join('\n')}\n`,
    });
    expect(String(stderr)).toBe('');
    expect(status).toBe(0);
  });
});
