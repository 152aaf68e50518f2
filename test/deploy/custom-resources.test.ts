import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { describeWith } from '../support/services.ts';
import { type Manifest, rendered, root } from './tools.ts';

const ajv = new Ajv({ allErrors: true });

/** Kinds that Kubernetes itself does not know, with what their manifests may say (test/deploy/schemas). */
const schemas = new Map(
  ['ScaledObject', 'PodMonitor', 'PrometheusRule'].map((kind) => {
    const schema = readFileSync(join(root, `test/deploy/schemas/${kind}.json`), 'utf8');
    return [kind, ajv.compile(JSON.parse(schema))];
  }),
);

/** What is wrong with a manifest, a line each. */
function faultsOf({ data: _none, ...made }: Manifest): string[] {
  const validate = schemas.get(made.kind);
  if (!validate) throw new Error(`test/deploy/schemas has none for ${made.kind}`);
  validate(made);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** Groups of Kubernetes' own kinds, which kubernetes-validate knows. */
const ownGroups = /^(v1|apps\/|batch\/|policy\/|autoscaling\/|networking\.k8s\.io\/)/;

describeWith(['kubectl'], 'manifests of operators', () => {
  const custom = async (overlay: string) =>
    (await rendered(overlay)).manifests.filter(({ apiVersion }) => !ownGroups.test(apiVersion));

  test.each(['dev', 'production'])('%s says nothing that they do not know', async (overlay) => {
    for (const made of await custom(overlay)) expect(faultsOf(made), made.kind).toEqual([]);
  });

  test('production has all three', async () => {
    expect((await custom('production')).map(({ kind }) => kind).sort()).toEqual([...schemas.keys()].sort());
  });

  test.each([
    ['ScaledObject', (spec: Spec) => rename(spec, 'cooldownPeriod', 'coolDownPeriod')],
    ['ScaledObject', (spec: Spec) => rename(spec.triggers[0].metadata, 'threshold', 'treshold')],
    ['ScaledObject', (spec: Spec) => Object.assign(spec.triggers[0].metadata, { threshold: 80 })],
    ['PodMonitor', (spec: Spec) => rename(spec.podMetricsEndpoints[0], 'interval', 'every')],
    ['PodMonitor', (spec: Spec) => Object.assign(spec.podMetricsEndpoints[0], { interval: '10 seconds' })],
    ['PrometheusRule', (spec: Spec) => rename(spec.groups[0].rules[0], 'expr', 'expression')],
    ['PrometheusRule', (spec: Spec) => Object.assign(spec.groups[0].rules[0], { for: 60 })],
  ])('a slip in a %s is seen', async (kind, slip) => {
    const made = structuredClone((await custom('production')).find((each) => each.kind === kind) as Manifest);
    expect(faultsOf(made)).toEqual([]);
    slip(made.spec as Spec);
    expect(faultsOf(made)).not.toEqual([]);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: what a slip changes is of any form.
type Spec = Record<string, any>;

function rename(of: Spec, from: string, to: string): void {
  of[to] = of[from];
  delete of[from];
}
