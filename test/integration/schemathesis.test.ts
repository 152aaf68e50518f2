import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { startFleetProcess } from '../support/fleet-process.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith, service } from '../support/services.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';

const folder = useTemporaryFolder();

/** What the fleet refuses for a reason that no schema can say. */
const config = `
[[operations]]
# A limit of cost on a model that the fleet has no price for.
include-name = "POST /v1/jobs"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "429"]
`;

describeWith(['python'], 'the API against its own OpenAPI document', () => {
  test('schemathesis finds nothing with its checks', async () => {
    const data = join(folder.path, 'data');
    await writeFile(join(folder.path, 'schemathesis.toml'), config);
    const made = await runCli(['keys', 'create', '--scopes', 'all', '--json', '--data', data]);
    const { key } = JSON.parse(made.stdout) as { key: string };
    const env = { FLEET_MODEL: 'simulated', API_KEYS: 'required', LOG_LEVEL: 'silent' };
    const fleet = await startFleetProcess(['up', '--port', '0', '--data', data], env);
    try {
      const schemathesis = spawn(
        join(service('python'), 'bin', 'schemathesis'),
        [
          'run',
          `${fleet.url}/openapi.json`,
          '--checks=all',
          // A fork of a session that is there, up to a job that is not, is a 404 that it takes for the session's.
          '--exclude-checks=ensure_resource_availability',
          '--header',
          `x-api-key: ${key}`,
          '--max-examples=20',
          '--seed=1',
          '--workers=1',
          '--no-color',
          // Streams that end with a job that may never end, and what ends or bounds the run itself.
          '--exclude-path-regex=/events$|/keys/.*/(revoke|rotate)$|/limits$',
        ],
        { cwd: folder.path, stdio: 'pipe' },
      );
      const [output, errors] = await Promise.all([
        text(schemathesis.stdout),
        text(schemathesis.stderr),
        once(schemathesis, 'close'),
      ]);
      expect(schemathesis.exitCode, output + errors).toBe(0);
    } finally {
      await fleet.kill('SIGTERM');
    }
  }, 240_000);
});
