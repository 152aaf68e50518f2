import Anthropic from '@anthropic-ai/sdk';
import { FleetClient } from '@mcp-fleet/client';
import { type Scope, scopes } from '@mcp-fleet/core';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type FleetProcess, startFleetProcess } from './fleet-process.ts';
import { runCli } from './run-cli.ts';
import { startTestSimulator, type TestSimulator } from './simulator-control.ts';
import { type TestTopology, topologies, uniqueName } from './topologies.ts';

/** A fleet that asks for keys, for a suite, and a tenant for each of its tests. */
export interface MessagesFleet {
  url: string;
  topology: TestTopology;
  simulator: TestSimulator;
  /** The tenant of this test, its key, and Anthropic's client with it, which repeats nothing. */
  tenant: string;
  apiKey: string;
  anthropic: Anthropic;
  operator: FleetClient;
  /** A key of the test's tenant with fewer scopes. */
  keyFor(given: Scope[]): Promise<string>;
}

const tenantScopes = scopes.filter((scope) => scope !== 'operator');

/** Call the result inside a test. `env` is added to that of the processes. */
export function useMessagesFleet(env: () => Record<string, string> = () => ({})): () => MessagesFleet {
  let fleet: MessagesFleet;
  let processes: FleetProcess[] = [];
  const [{ open }] = topologies as [(typeof topologies)[number]];

  beforeAll(async () => {
    const [topology, simulator] = await Promise.all([open(), startTestSimulator()]);
    const settings = {
      ...topology.env,
      SIMULATOR_URL: simulator.url,
      FLEET_MODEL: 'simulated',
      DISPATCH_EVERY_MS: '100',
      API_KEYS: 'required',
      ...env(),
    };
    const made = await runCli(['keys', 'create', '--scopes', 'all', '--json'], { env: settings });
    const roles = ['api', 'worker', 'reconciler'];
    processes = await Promise.all(roles.map((role) => startFleetProcess([role], settings)));
    const url = (processes[0] as FleetProcess).url;
    const operator = new FleetClient({ url, apiKey: JSON.parse(made.stdout).key });
    const keyFor = async (given: Scope[]) =>
      (await operator.keys.create({ tenant: fleet.tenant, scopes: given })).key;
    fleet = { url, topology, simulator, operator, keyFor } as MessagesFleet;
  });

  beforeEach(async () => {
    fleet.tenant = uniqueName();
    fleet.apiKey = await fleet.keyFor([...tenantScopes]);
    fleet.anthropic = new Anthropic({ baseURL: fleet.url, apiKey: fleet.apiKey, maxRetries: 0 });
  });

  afterAll(async () => {
    await Promise.all(processes.map((process) => process.kill('SIGKILL')));
    await fleet?.simulator.stop();
    await fleet?.topology.stop();
  });

  return () => fleet;
}
