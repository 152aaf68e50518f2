import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { service } from '../support/services.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const run = promisify(execFile);

/** Runs a program in the project's folder; throws with what it printed when it fails. */
export async function output(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  try {
    const options = { cwd: root, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, ...env } };
    return (await run(program, args, options)).stdout;
  } catch (thrown) {
    const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}\n${stderr}`);
  }
}

const variable = z.looseObject({ name: z.string(), value: z.string().optional() });

export const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.array(variable).default([]),
  envFrom: z.array(z.record(z.string(), z.object({ name: z.string() }))).default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
  startupProbe: z.unknown().optional(),
  livenessProbe: z.unknown().optional(),
  readinessProbe: z.unknown().optional(),
  restartPolicy: z.string().optional(),
});
export type Container = z.infer<typeof container>;

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.record(z.string(), z.unknown()).default({}),
  data: z.record(z.string(), z.string()).default({}),
});
export type Manifest = z.infer<typeof manifest>;

/** The manifests of an overlay, as they would be applied. */
export async function rendered(overlay: string): Promise<{ text: string; manifests: Manifest[] }> {
  const text = await output(service('kubectl'), ['kustomize', `k8s/overlays/${overlay}`]);
  return { text, manifests: parseAllDocuments(text).map((each) => manifest.parse(each.toJS())) };
}

const podSpec = z.looseObject({
  initContainers: z.array(container).default([]),
  containers: z.array(container),
  terminationGracePeriodSeconds: z.number().optional(),
});

/** The pod that a manifest makes, if it makes one. */
export function podOf(of: Manifest): z.infer<typeof podSpec> | null {
  const { template } = of.spec as { template?: { spec?: unknown } };
  return template?.spec === undefined ? null : podSpec.parse(template.spec);
}
