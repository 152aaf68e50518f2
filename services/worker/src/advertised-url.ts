import { hostname, networkInterfaces } from 'node:os';
import { type Environment, isLoopback } from '@mcp-fleet/runtime';

/**
 * Where apis reach this worker: what is set, else the pod's address or this machine's first, at the port that it listens
 * at. Null where it would be reachable from elsewhere and there is no token that keeps strangers out.
 */
export function advertisedUrl(environment: Environment, listening: string): string | null {
  const { WORKER_HOST, WORKER_ADVERTISE_URL, FLEET_INTERNAL_TOKEN, POD_IP } = environment;
  const local = isLoopback(WORKER_HOST);
  if (!local && FLEET_INTERNAL_TOKEN === undefined) return null;
  if (WORKER_ADVERTISE_URL) return WORKER_ADVERTISE_URL;
  if (local) return listening;
  const host = POD_IP ?? firstAddress() ?? hostname();
  return `http://${host.includes(':') ? `[${host}]` : host}:${new URL(listening).port}`;
}

function firstAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}
