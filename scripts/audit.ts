import { spawnSync } from 'node:child_process';

/**
 * `npm run audit`: fails over a known vulnerability, of level moderate or above, in what is installed in production. A
 * registry that does not answer the question is said to, and fails nothing: it is no finding.
 */
const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });

interface Report {
  metadata?: { vulnerabilities: Record<string, number> };
  vulnerabilities?: Record<string, { severity: string; range: string }>;
  message?: string;
}

const report = JSON.parse(stdout || '{}') as Report;
if (report.metadata === undefined) {
  const reason = report.message ?? stderr.trim().split('\n')[0] ?? 'no answer';
  console.log(`npm audit: the registry was asked and did not say (${reason})`);
} else {
  const found = Object.entries(report.vulnerabilities ?? {}).filter(([, { severity }]) => severity !== 'low');
  for (const [name, { severity, range }] of found) console.error(`${name} ${range}: ${severity}`);
  console.log(`npm audit: ${found.length} packages with a known vulnerability`);
  if (found.length > 0) process.exitCode = 1;
}
