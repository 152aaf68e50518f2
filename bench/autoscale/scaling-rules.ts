import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** How far and how fast an autoscaler may go in one direction. */
export interface Behavior {
  stabilizationMs: number;
  policies: { type: 'Percent' | 'Pods'; value: number; periodMs: number }[];
}

/** What the workers of the cluster are scaled by. */
export interface ScalingRules {
  /** The PromQL expression, as the manifest has it. */
  query: string;
  /** Jobs for one worker. */
  threshold: number;
  /** Workers are started from none when there is more than this. */
  activation: number;
  min: number;
  max: number;
  /** Jobs that a worker holds at once. */
  concurrency: number;
  /** Between two scrapes of Prometheus, two looks of KEDA, and two rounds of the Kubernetes autoscaler. */
  scrapeMs: number;
  pollMs: number;
  syncMs: number;
  /** From the last job until there is no worker. */
  cooldownMs: number;
  /** The share by which the metric may differ from what the workers are there for. */
  tolerance: number;
  up: Behavior;
  down: Behavior;
}

/** What the Kubernetes autoscaler does where the manifest says nothing. */
const kubernetes = {
  syncMs: 15_000,
  tolerance: 0.1,
  up: {
    stabilizationMs: 0,
    policies: [
      { type: 'Percent', value: 100, periodMs: 15_000 },
      { type: 'Pods', value: 4, periodMs: 15_000 },
    ],
  },
} as const;

const seconds = z.number().transform((value) => value * 1_000);
const duration = z
  .string()
  .regex(/^\d+s$/)
  .transform((text) => Number.parseInt(text, 10) * 1_000);

const scaledObject = z.object({
  minReplicaCount: z.number(),
  maxReplicaCount: z.number(),
  pollingInterval: seconds,
  cooldownPeriod: seconds,
  triggers: z.tuple([
    z.object({
      type: z.literal('prometheus'),
      metadata: z.object({
        query: z.string(),
        threshold: z.coerce.number(),
        activationThreshold: z.coerce.number(),
      }),
    }),
  ]),
  advanced: z.object({
    horizontalPodAutoscalerConfig: z.object({
      // What is not read here would be left out of the simulation without a word.
      behavior: z.strictObject({
        scaleDown: z.strictObject({
          stabilizationWindowSeconds: seconds,
          policies: z.array(
            z.strictObject({ type: z.enum(['Percent', 'Pods']), value: z.number(), periodSeconds: seconds }),
          ),
        }),
      }),
    }),
  }),
});

const deployment = z.object({
  template: z.object({
    spec: z.object({
      containers: z.tuple([
        z.object({ env: z.array(z.object({ name: z.string(), value: z.string().optional() })) }),
      ]),
    }),
  }),
});

const podMonitor = z.object({ podMetricsEndpoints: z.array(z.object({ interval: duration })) });

/** Reads the rules from the manifests of the workers and of the monitoring, so that there is one place for each number. */
export function readScalingRules(): ScalingRules {
  const worker = documents('worker.yaml');
  const scaled = scaledObject.parse(specOf(worker, 'ScaledObject'));
  const { env } = deployment.parse(specOf(worker, 'Deployment')).template.spec.containers[0];
  const monitor = podMonitor.parse(specOf(documents('monitoring.yaml'), 'PodMonitor'));
  const [{ metadata }] = scaled.triggers;
  const { scaleDown } = scaled.advanced.horizontalPodAutoscalerConfig.behavior;
  return {
    query: metadata.query,
    threshold: metadata.threshold,
    activation: metadata.activationThreshold,
    min: scaled.minReplicaCount,
    max: scaled.maxReplicaCount,
    concurrency: z.coerce.number().parse(env.find(({ name }) => name === 'WORKER_CONCURRENCY')?.value),
    scrapeMs: Math.max(...monitor.podMetricsEndpoints.map(({ interval }) => interval)),
    pollMs: scaled.pollingInterval,
    syncMs: kubernetes.syncMs,
    cooldownMs: scaled.cooldownPeriod,
    tolerance: kubernetes.tolerance,
    up: { stabilizationMs: kubernetes.up.stabilizationMs, policies: [...kubernetes.up.policies] },
    down: {
      stabilizationMs: scaleDown.stabilizationWindowSeconds,
      policies: scaleDown.policies.map(({ type, value, periodSeconds }) => ({
        type,
        value,
        periodMs: periodSeconds,
      })),
    },
  };
}

function documents(file: string): { kind: string; spec?: unknown }[] {
  const path = fileURLToPath(new URL(`../../k8s/base/${file}`, import.meta.url));
  return parseAllDocuments(readFileSync(path, 'utf8')).map((each) => each.toJS());
}

function specOf(from: readonly { kind: string; spec?: unknown }[], kind: string): unknown {
  const found = from.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`The manifests have no ${kind}; one was expected.`);
  return found.spec;
}
