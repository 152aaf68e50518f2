import { FleetError } from '@mcp-fleet/core';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = z.coerce.number().int().min(0);
const concurrency = z.coerce.number().int().min(1).max(10_000);
const commaSeparated = z
  .string()
  .default('')
  .transform((value) => value.split(',').flatMap((entry) => entry.trim() || []));
const url = (schemes: string[], example: string) =>
  z.string().refine((value) => schemes.some((scheme) => value.startsWith(`${scheme}://`)), {
    error: `expected a URL such as ${example}`,
  });

/** Every environment variable that the fleet reads. An empty value counts as unset. */
const environment = z.object({
  QUEUE_URL: url(['redis', 'rediss', 'postgres', 'postgresql'], 'redis://host:6379').optional(),
  STORE_URL: url(
    ['mongodb', 'mongodb+srv', 'postgres', 'postgresql'],
    'mongodb://host:27017/fleet',
  ).optional(),
  QUEUE_NAME: z
    .string()
    .regex(/^[^:]+$/, 'expected a name without a colon')
    .default('fleet-jobs'),
  QUEUE_LOCK_MS: milliseconds.min(500).default(30_000),
  FLEET_CONFIG: z.string().optional(),
  FLEET_DATA: z.string().default('.fleet'),
  FLEET_MODEL: z.string().optional(),
  FLEET_URL: url(['http', 'https'], 'http://127.0.0.1:7717').optional(),
  FLEET_API_KEY: z.string().optional(),
  FLEET_ENCRYPTION_KEYS: z.string().optional(),
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: port.default(7717),
  API_STREAMS_PER_KEY: z.coerce.number().int().min(1).max(100_000).default(1_000),
  PUBLIC_URL: url(['http', 'https'], 'https://fleet.example.com').optional(),
  MESSAGE_BATCH_EXPIRES_MS: milliseconds.min(1_000).default(86_400_000),
  API_KEYS: z.enum(['auto', 'required']).default('auto'),
  WORKER_PORT: port.default(7718),
  WORKER_HOST: z.string().default('127.0.0.1'),
  RECONCILER_PORT: port.default(7719),
  RECONCILER_HOST: z.string().default('127.0.0.1'),
  WORKER_ADVERTISE_URL: url(['http', 'https'], 'http://10.0.0.7:7718').optional(),
  FLEET_INTERNAL_TOKEN: z.string().min(32, 'expected at least 32 characters').optional(),
  POD_IP: z.string().optional(),
  WORKER_CONCURRENCY: concurrency.default(100),
  WORKER_BATCH_CONCURRENCY: concurrency.optional(),
  WORKER_GRACE_MS: milliseconds.default(25_000),
  NEWS_EVERY_MS: milliseconds.min(100).default(5_000),
  RECONCILE_EVERY_MS: milliseconds.min(100).default(15_000),
  DISPATCH_EVERY_MS: milliseconds.min(50).default(500),
  WEBHOOK_EVERY_MS: milliseconds.min(100).default(5_000),
  WEBHOOK_ALLOW: commaSeparated,
  UPSTREAM_EVERY_MS: milliseconds.min(100).default(5_000),
  UPSTREAM_AGE_MS: milliseconds.default(60_000),
  UPSTREAM_REQUESTS: z.coerce.number().int().min(1).max(100_000).default(10_000),
  UPSTREAM_BYTES: z.coerce.number().int().min(1_000).max(256_000_000).default(64_000_000),
  UPSTREAM_UNKNOWN_MS: milliseconds.default(180_000),
  WEBHOOK_DISABLE_AFTER_DAYS: z.coerce.number().min(0).default(5),
  WEBHOOK_LOG_DAYS: z.coerce.number().positive().default(30),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(['http', 'https'], 'http://127.0.0.1:4318').optional(),
  STARTUP_WAIT_MS: milliseconds.default(30_000),
  DURABILITY: z.enum(['default', 'strict']).default('default'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_BASE_URL: url(['http', 'https'], 'https://api.anthropic.com').optional(),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: url(['http', 'https'], 'https://api.openai.com/v1').optional(),
  SIMULATOR_URL: url(['http', 'https'], 'http://127.0.0.1:7799').optional(),
});

/** The names of all of them. */
export const environmentVariables: readonly string[] = Object.keys(environment.shape);

export type Environment = z.infer<typeof environment>;

/**
 * Reads the environment. Throws `invalid_config` that names every variable that is wrong and what was
 * expected; values are not repeated, since some are secrets.
 */
export function readEnvironment(source: Record<string, string | undefined>): Environment {
  const set = Object.fromEntries(
    Object.entries(source).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environment.safeParse(set);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new FleetError('invalid_config', `The environment is not usable. ${problems.join('; ')}.`);
}

/** The model of agents that name none: what is set, else that of the provider whose key is there. */
export function defaultModel(from: Environment): string {
  if (from.FLEET_MODEL) return from.FLEET_MODEL;
  if (from.ANTHROPIC_API_KEY) return 'anthropic/claude-sonnet-5-5';
  if (from.OPENAI_API_KEY) return 'openai/gpt-5.1';
  return 'simulated';
}
