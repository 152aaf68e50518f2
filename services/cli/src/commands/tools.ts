import { FleetError } from '@mcp-fleet/core';
import type { Command } from 'commander';
import { connect, type FleetOptions } from '../connect.ts';
import { exitCodes } from '../exit-codes.ts';
import { color, createOutput, shorten } from '../output.ts';
import { plain } from './jobs.ts';
import { withFleetOptions, withServers } from './options.ts';

type Options = FleetOptions & { json?: boolean; server?: string[] };

export function toolsCommand(program: Command): void {
  const tools = program.command('tools').summary('list and try tools').description('Lists and tries tools.');
  const withOptions = (command: Command) => withFleetOptions(withServers(command));
  withOptions(tools.command('list').description('Lists the tools that agents are offered.')).action(list);
  withOptions(
    tools
      .command('call')
      .description('Calls a tool and prints its result.')
      .argument('<name>', 'the tool as it is offered, server__tool')
      .argument('[input]', 'arguments as a JSON object', '{}'),
  ).action(call);
}

async function list(options: Options): Promise<void> {
  const output = createOutput(options.json === true);
  const connection = await connect(options, options.server ?? [], output, { runs: 'tools' });
  try {
    const tools = await connection.client.tools.list();
    output.result({ data: tools }, () => {
      if (tools.length === 0)
        output.line('No tools. Name a server: --server ./server.py, or --config fleet.json');
      else
        output.table(
          ['tool', 'safety', 'description'],
          tools.map((t) => [t.name, t.safety, shorten(t.description, 70)]),
        );
    });
  } finally {
    await connection.close();
  }
}

async function call(name: string, input: string, options: Options): Promise<void> {
  const output = createOutput(options.json === true);
  const parsed = parseInput(input);
  const connection = await connect(options, options.server ?? [], output, { runs: 'tools' });
  try {
    const result = await connection.client.tools.call(name, parsed);
    output.result(result, () => {
      const text = plain(result.content);
      output.line(result.is_error ? color.red(text) : text);
    });
    if (result.is_error) process.exitCode = exitCodes.failed;
  } finally {
    await connection.close();
  }
}

function parseInput(input: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(input);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Record<string, unknown>;
    }
  } catch {
    // Falls through to the one error that says what was expected.
  }
  throw new FleetError(
    'invalid_request',
    `The arguments are not a JSON object: ${input}. Example: '{"n": 3}'.`,
  );
}
