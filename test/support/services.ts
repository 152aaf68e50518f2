import { describe } from 'vitest';

/** Servers that some suites need, by the environment variable that says where each is. */
const needs = {
  redis: ['TEST_REDIS_URL', 'the queue on Redis, and the fleet topology'],
  postgres: ['TEST_POSTGRES_URL', 'store and queue on a PostgreSQL server'],
  mongo: ['TEST_MONGO_URL', 'the store on a MongoDB-wire server'],
  python: ['TEST_PYTHON_VENV', 'MCP servers in Python (a virtual environment with mcp and mcp-server-time)'],
  kubectl: ['TEST_KUBECTL', 'the Kubernetes manifests (kubectl, or a program with its `kustomize`)'],
  promtool: ['TEST_PROMTOOL', 'alert rules and metrics (promtool of Prometheus)'],
  chromium: ['TEST_CHROMIUM', 'the client in a real browser (the path of a Chromium)'],
} as const;

export type Service = keyof typeof needs;

/** Where a service is; throws when it is not there, so ask only inside a suite that needs it. */
export function service(name: Service): string {
  const value = process.env[needs[name][0]];
  if (!value) throw new Error(`${needs[name][0]} is not set`);
  return value;
}

/** One line for each group of suites that cannot run here. */
export function leftOut(): string[] {
  return Object.values(needs)
    .filter(([variable]) => !process.env[variable])
    .map(([variable, suites]) => `${suites} (${variable} is not set)`);
}

/** A suite that runs only where its services are. */
export function describeWith(services: Service[], name: string, define: () => void): void {
  const missing = services.map((s) => needs[s][0]).filter((variable) => !process.env[variable]);
  if (missing.length === 0) describe(name, define);
  else describe.skip(`${name} (left out: ${missing.join(', ')} not set)`, define);
}
