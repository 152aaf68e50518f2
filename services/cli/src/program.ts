import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { approvalsCommand } from './commands/approvals.ts';
import { auditCommand } from './commands/audit.ts';
import { batchCommand } from './commands/batch.ts';
import { chatCommand } from './commands/chat.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { encryptionCommand } from './commands/encryption.ts';
import { jobsCommand } from './commands/jobs.ts';
import { keysCommand } from './commands/keys.ts';
import { mcpCommand } from './commands/mcp.ts';
import { migrateCommand } from './commands/migrate.ts';
import { roleCommands } from './commands/roles.ts';
import { sessionsCommand } from './commands/sessions.ts';
import { submitCommand } from './commands/submit.ts';
import { toolsCommand } from './commands/tools.ts';
import { upCommand } from './commands/up.ts';
import { describeFailure, exitCodes } from './exit-codes.ts';
import { color } from './output.ts';

const program = new Command('fleet')
  .description('A self-hosted fleet of workers that runs LLM agent jobs from a queue, with MCP tools.')
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError('(fleet --help shows the commands)')
  .addHelpText(
    'after',
    `
Begin with:
  fleet demo                          see it work, without any key
  fleet chat ./server.py              talk to an agent with your MCP server's tools
  fleet batch run queries.jsonl --out results.jsonl
                                      run every line of a file
  fleet up --config fleet.json        run a fleet here; submit to it from other terminals

Exit codes: ${exitCodes.ok} done, ${exitCodes.failed} failed, ${exitCodes.badInput} bad input, ${exitCodes.jobFailed} the job did not succeed, ${exitCodes.unavailable} something cannot be reached.`,
  );

for (const add of [
  upCommand,
  chatCommand,
  submitCommand,
  batchCommand,
  jobsCommand,
  sessionsCommand,
  toolsCommand,
  approvalsCommand,
  keysCommand,
  auditCommand,
  encryptionCommand,
  mcpCommand,
  demoCommand,
  doctorCommand,
  migrateCommand,
  roleCommands,
]) {
  add(program);
}

// A reader that has seen enough, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
});
if (existsSync('.env')) process.loadEnvFile('.env');
try {
  await program.parseAsync();
} catch (thrown) {
  process.exitCode = report(thrown);
}

function report(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
  const { code, message, exitCode } = describeFailure(thrown);
  if (process.argv.includes('--json'))
    process.stdout.write(`${JSON.stringify({ error: { type: code, message } })}\n`);
  else process.stderr.write(`${color.red('✗')} ${message}\n`);
  if (code === 'internal' && process.env.LOG_LEVEL === 'debug') console.error(thrown);
  return exitCode;
}
