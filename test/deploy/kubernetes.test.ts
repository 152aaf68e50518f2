import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentVariables, parseAgents, readConfigFile } from '@mcp-fleet/runtime';
import { parseServersConfig } from '@mcp-fleet/tools';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { describeWith, service } from '../support/services.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';
import { type Manifest, output, podOf, rendered, root } from './tools.ts';

const overlays = ['dev', 'production'];

/** Ports that a role listens at when nothing else is said. */
const ports: Record<string, string> = {
  api: 'API_PORT',
  worker: 'WORKER_PORT',
  reconciler: 'RECONCILER_PORT',
};

describeWith(['kubectl'], 'the Kubernetes manifests', () => {
  const folder = useTemporaryFolder();

  describeWith(['python'], 'by the schemas of Kubernetes', () => {
    test.each(overlays)('%s has no unknown key and no wrong type', async (overlay) => {
      const file = join(folder.path, `${overlay}.yaml`);
      writeFileSync(file, (await rendered(overlay)).text);
      const validate = join(service('python'), 'bin/kubernetes-validate');
      await output(validate, ['--strict', '--quiet', '--no-warn', file]);
    });
  });

  test.each(overlays)('%s names what there is: secrets, config maps, scale targets', async (overlay) => {
    const { manifests } = await rendered(overlay);
    const named = (kind: string) =>
      new Set(manifests.filter((m) => m.kind === kind).map((m) => m.metadata.name));
    const outside = overlay === 'production' ? ['fleet-stores', 'fleet-models', 'fleet-internal'] : [];
    const secrets = new Set([...named('Secret'), ...outside]);
    const withoutHash = (names: Set<string>) => [...names].map((name) => name.replace(/-[0-9a-z]{10}$/, ''));
    for (const pod of manifests.flatMap((m) => podOf(m) ?? [])) {
      for (const each of [...pod.initContainers, ...pod.containers]) {
        for (const from of each.envFrom) {
          if (from.secretRef) expect([...secrets]).toContain(from.secretRef.name);
          if (from.configMapRef) expect([...named('ConfigMap')]).toContain(from.configMapRef.name);
        }
      }
    }
    expect(withoutHash(named('ConfigMap')).sort()).toEqual(['environment', 'fleet']);
    for (const scaled of manifests.filter(({ kind }) => /Scale|Autoscaler/.test(kind))) {
      const target = scaled.spec.scaleTargetRef as { name: string };
      expect([...named('Deployment')]).toContain(target.name);
    }
  });

  test.each(overlays)(
    '%s sets only variables that the fleet reads, and listens where its probes look',
    async (overlay) => {
      const { manifests } = await rendered(overlay);
      const known = new Set(environmentVariables);
      const shared = manifests.filter(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('environment'),
      );
      for (const { data } of shared) expect(Object.keys(data).filter((name) => !known.has(name))).toEqual([]);
      for (const { containers } of manifests.flatMap((m) => podOf(m) ?? [])) {
        for (const { name, env, args, ports: open } of containers) {
          const role = ports[args?.[0] ?? ''];
          if (role === undefined) continue;
          expect(env.map((each) => each.name).filter((each) => !known.has(each))).toEqual([]);
          const port = env.find((each) => each.name === role)?.value;
          expect(
            open.map(({ containerPort }) => String(containerPort)),
            name,
          ).toEqual([port]);
          expect(env.find((each) => each.name === role.replace('PORT', 'HOST'))?.value).toBe('0.0.0.0');
        }
      }
    },
  );

  test.each(overlays)(
    '%s runs nothing as root, with a writable root, or without limits and probes',
    async (overlay) => {
      const { manifests } = await rendered(overlay);
      for (const made of manifests) {
        const pod = podOf(made);
        if (pod === null) continue;
        expect(pod.automountServiceAccountToken).toBe(false);
        expect(pod.securityContext).toMatchObject({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        for (const each of [...pod.initContainers, ...pod.containers]) {
          expect(each.securityContext, `${made.metadata.name}/${each.name}`).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(each.resources).toMatchObject({
            requests: { cpu: expect.anything() },
            limits: { memory: expect.anything() },
          });
          if (made.kind !== 'Job') expect(each.readinessProbe ?? each.startupProbe).toBeDefined();
        }
      }
    },
  );

  test('a worker has time to drain, and its tools answer until it has', async () => {
    const { manifests } = await rendered('production');
    const worker = podOf(
      manifests.find((m) => m.kind === 'Deployment' && m.metadata.name === 'worker') as Manifest,
    );
    const graceMs = Number(worker?.containers[0]?.env.find(({ name }) => name === 'WORKER_GRACE_MS')?.value);
    expect(worker?.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(graceMs / 1_000 + 15);
    const config = JSON.parse(readFileSync(join(root, 'k8s/base/fleet.json'), 'utf8')) as {
      mcpServers: Record<string, { url: string }>;
    };
    const listening = worker?.initContainers.flatMap((each) =>
      each.ports.map(({ containerPort }) => containerPort),
    );
    for (const { url } of Object.values(config.mcpServers))
      expect(listening).toContain(Number(new URL(url).port));
    for (const sidecar of worker?.initContainers ?? []) {
      expect(sidecar).toMatchObject({ restartPolicy: 'Always', startupProbe: expect.anything() });
    }
  });

  test('the rules for the operator are those of Prometheus', async () => {
    const { manifests } = await rendered('production');
    const rules = parse(readFileSync(join(root, 'monitoring/rules.yml'), 'utf8'));
    expect(manifests.find(({ kind }) => kind === 'PrometheusRule')?.spec).toEqual(rules);
  });
});

test('the configuration of the cluster is one that the fleet takes', () => {
  const config = readConfigFile(join(root, 'k8s/base/fleet.json'));
  expect(Object.keys(parseServersConfig(config.text, config.path, {}))).toEqual(['math', 'clock']);
  expect(parseAgents(config, 'simulated').get('default')?.system).toContain('Use the tools');
});

describe('the metric that workers are scaled by', () => {
  test('is one that the reconciler has', () => {
    const query = readFileSync(join(root, 'k8s/base/worker.yaml'), 'utf8');
    const metrics = readFileSync(join(root, 'packages/runtime/src/metrics.ts'), 'utf8');
    const names = [...query.matchAll(/fleet_[a-z_]+/g)].map(([name]) => name);
    expect(names).toContain('fleet_queue_jobs');
    for (const name of names) expect(metrics).toContain(`'${name}'`);
  });
});
