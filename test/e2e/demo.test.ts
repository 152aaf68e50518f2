import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processesMentioning } from '../support/leftovers.ts';
import { runCli } from '../support/run-cli.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';

const folder = useTemporaryFolder();

test('the demo computes, remembers, runs a crowd and ends by itself', async () => {
  const data = join(folder.path, 'demo');
  const { code, stdout, stderr } = await runCli(['demo', '--data', data]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('Final amount after 2 years is $1,104.49');
  // The follow-up says only the years: 1000·(1 + 0.05/4)^20.
  expect(stdout).toContain('Final amount after 5 years is $1,282.04');
  expect(stdout).toContain('50 jobs, 50 tool calls');
  expect(stdout).toContain('simulated');
  expect(processesMentioning(folder.path)).toEqual([]);

  const again = await runCli(['jobs', 'list', '--data', data, '--limit', '100', '--json']);
  const jobs = JSON.parse(again.stdout).data as { state: string }[];
  expect(jobs).toHaveLength(52);
  expect(jobs.every((job) => job.state === 'succeeded')).toBe(true);
});
