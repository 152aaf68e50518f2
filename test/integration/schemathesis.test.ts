import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith, service } from '../support/services.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';

const folder = useTemporaryFolder();

/**
 * Operations that refuse something for a reason that no schema can say: a limit of cost on a model that has no price,
 * a conversation that does not begin with the user, a custom id that comes twice.
 */
const config = [
  'POST /v1/jobs',
  'POST /v1/jobs/estimate',
  'POST /v1/messages',
  'POST /v1/messages/count_tokens',
  'POST /v1/messages/batches',
  'GET /v1/messages/batches',
  'GET /v1/messages/batches/{id}',
]
  .map(
    (operation) => `
[[operations]]
include-name = "${operation}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "429"]
`,
  )
  .join('');

/** A job that is not to start before next year would be waited for as long as it asks. */
const patience = `
[[operations]]
include-name = "GET /v1/jobs/{id}"
parameters = { wait = 0.05 }
`;

/**
 * What would end or bound the run itself, were it asked with ids that the run has got: a stream ends with its job,
 * and a job that is not to start before next year has none; a key that is revoked or rotated may be the run's own,
 * and so may be the tenant whose limits are set.
 */
const endless = '/events$|/keys/.*/(revoke|rotate)$|/limits$';

/** Bodies of lines, which it can make none of. */
const lines = '/lines$|/batches/estimate$';

describeWith(['python'], 'the API against its own OpenAPI document', () => {
  let fleet: FleetProcess;
  let key: string;

  beforeEach(async () => {
    const data = join(folder.path, 'data');
    await writeFile(join(folder.path, 'schemathesis.toml'), config + patience);
    const made = await runCli(['keys', 'create', '--scopes', 'all', '--json', '--data', data]);
    key = (JSON.parse(made.stdout) as { key: string }).key;
    const env = { FLEET_MODEL: 'simulated', API_KEYS: 'required', LOG_LEVEL: 'silent' };
    fleet = await startFleetProcess(['up', '--port', '0', '--data', data], env);
  });

  afterEach(() => fleet.kill('SIGTERM'));

  /** Runs schemathesis with all of its checks; returns how it ended and what it said. */
  async function schemathesis(...options: string[]): Promise<{ code: number | null; said: string }> {
    const run = ['run', `${fleet.url}/openapi.json`, '--checks=all', '--header', `x-api-key: ${key}`];
    const fixed = ['--max-examples=10', '--seed=1', '--workers=1', '--no-color'];
    const child = spawn(join(service('python'), 'bin', 'schemathesis'), [...run, ...fixed, ...options], {
      cwd: folder.path,
      stdio: 'pipe',
    });
    const said = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: child.exitCode, said: said.slice(0, 2).join('') };
  }

  test('schemathesis finds nothing with all of its checks', async () => {
    // A fork of a session that is there, at a job that is not, is a 404 that one check takes for the session's.
    const excluded = '--exclude-checks=ensure_resource_availability';
    const { code, said } = await schemathesis(`--exclude-path-regex=${endless}|${lines}`, excluded);
    expect(code, said).toBe(0);
  }, 240_000);

  test('nor in what would end the run, asked with ids that it has made up', async () => {
    // The stateful phase alone takes ids from answers.
    const { code, said } = await schemathesis(`--include-path-regex=${endless}`, '--phases=coverage,fuzzing');
    expect(code, said).toBe(0);
    expect(said).toContain('Selected: 5/');
  }, 120_000);
});
