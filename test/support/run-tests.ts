import { spawn } from 'node:child_process';
import { leftOut } from './services.ts';

/**
 * `npm test`: runs vitest, and says plainly which suites are left out because a server for them is missing.
 * With TEST_REQUIRE_ALL a suite that would be left out is a failure. Arguments are passed on to vitest.
 */
const missing = leftOut();
if (missing.length > 0 && process.env.TEST_REQUIRE_ALL) {
  console.error(`✗ All suites are required, but these cannot run: ${missing.join('; ')}.`);
  process.exit(1);
}

const results = process.env.TEST_RESULTS;
const reporters = results ? ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`] : [];
const vitest = spawn('vitest', ['run', ...reporters, ...process.argv.slice(2)], { stdio: 'inherit' });
vitest.on('exit', (code) => {
  for (const suite of missing) console.log(`left out: ${suite}`);
  process.exitCode = code ?? 1;
});
