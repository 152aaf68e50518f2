import type { Command } from 'commander';
import { connect, type FleetOptions } from '../connect.ts';
import { color, createOutput, shorten } from '../output.ts';
import { plain } from './jobs.ts';
import { wholeNumber, withFleetOptions } from './options.ts';

type Options = FleetOptions & { json?: boolean; limit?: number };

export function sessionsCommand(program: Command): void {
  const sessions = program.command('sessions').summary('look at sessions').description('Looks at sessions.');
  withFleetOptions(
    sessions
      .command('list')
      .description('Lists sessions, newest first.')
      .option('--limit <n>', 'how many', wholeNumber(1, 1000), 20),
  ).action(list);
  withFleetOptions(
    sessions.command('show').description('Shows the conversation of a session.').argument('<id>'),
  ).action(show);
}

async function list(options: Options): Promise<void> {
  const output = createOutput(options.json === true);
  const connection = await connect(options, [], output, { runs: 'nothing' });
  try {
    const page = await connection.client.sessions.list(
      options.limit === undefined ? {} : { limit: options.limit },
    );
    output.result(page, () => {
      if (page.data.length === 0) output.line('No sessions yet. Begin one: fleet chat');
      else {
        const rows = page.data.map((s) => [s.id, s.agent, s.active_job ?? color.dim('idle'), s.created_at]);
        output.table(['session', 'agent', 'running', 'created'], rows);
      }
    });
  } finally {
    await connection.close();
  }
}

async function show(id: string, options: Options): Promise<void> {
  const output = createOutput(options.json === true);
  const connection = await connect(options, [], output, { runs: 'nothing' });
  try {
    const messages = await connection.client.sessions.messages(id);
    output.result({ id, messages }, () => {
      if (messages.length === 0) output.line('The session has no finished turn yet.');
      for (const message of messages) {
        const text = plain(message.content);
        const who = message.role === 'user' ? color.bold('you') : color.cyan('agent');
        if (text) output.line(`${who}  ${text}`);
        for (const block of message.content) {
          if (block.type === 'tool_use') {
            output.line(
              `  ${color.yellow('→')} ${String(block.name)} ${color.dim(JSON.stringify(block.input))}`,
            );
          }
          if (block.type === 'tool_result') {
            output.line(`  ${color.green('←')} ${shorten(plain(block.content as string), 200)}`);
          }
        }
      }
    });
  } finally {
    await connection.close();
  }
}
