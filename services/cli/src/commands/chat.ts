import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FleetApiError, type FleetClient, type Step, type Tool } from '@mcp-fleet/client';
import type { Command } from 'commander';
import { type Connection, connect, type FleetOptions } from '../connect.ts';
import { EventPrinter } from '../event-printer.ts';
import { color, createOutput, type Output } from '../output.ts';
import { plain } from './jobs.ts';
import { withFleetOptions, withServers } from './options.ts';

interface ChatOptions extends FleetOptions {
  session?: string;
  agent?: string;
  server?: string[];
  saveResults?: string;
  json?: boolean;
}

export function chatCommand(program: Command): void {
  const command = program
    .command('chat')
    .summary('talk to an agent in a session')
    .description(
      'Talks to an agent in a session, with the tools of the servers that are named. Ends with `quit`, Ctrl-D or Ctrl-C.',
    )
    .argument('[paths...]', 'MCP servers (.py, .js, .ts), started for this conversation')
    .option('--session <id>', 'go on with a session')
    .option('--agent <name>', 'agent to talk to')
    .option('--save-results <folder>', 'also write each tool result to tool_result_<timestamp>.txt there');
  withFleetOptions(withServers(command, 'the same as an argument')).action(chat);
}

async function chat(paths: string[], options: ChatOptions): Promise<void> {
  const output = createOutput(options.json === true);
  if (options.saveResults) mkdirSync(options.saveResults, { recursive: true });
  const stopped = new AbortController();
  const onInterrupt = () => stopped.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  const servers = [...paths, ...(options.server ?? [])];
  const connection = await connect(options, servers, output, { onSignal: 'leave' });
  try {
    if (stopped.signal.aborted) return;
    const { client } = connection;
    const session = options.session
      ? await client.sessions.get(options.session)
      : await client.sessions.create(options.agent ? { agent: options.agent } : {});
    await greet(output, connection, session.id);
    await answerLines(output, client, session.id, options, stopped);
    const again = [...servers, ...sameFleet(options), '--session', session.id].join(' ');
    output.line(color.dim(`\nThe conversation is kept: fleet chat ${again}`));
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onInterrupt);
    await connection.close();
  }
}

/** The options that lead a later command to the same fleet and agent. */
function sameFleet(options: ChatOptions): string[] {
  return (['url', 'data', 'config', 'model', 'agent'] as const).flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
}

async function greet(output: Output, { client, own }: Connection, session: string): Promise<void> {
  if (own?.simulated) {
    output.line(
      color.yellow('Answers are simulated. Set ANTHROPIC_API_KEY or OPENAI_API_KEY for a real model.'),
    );
  }
  const tools = await offeredTools(client);
  if (tools === null) output.line(color.dim('The tools are with the workers of this fleet.'));
  else if (tools.length > 0)
    output.line(`${color.bold('Tools:')} ${tools.map((tool) => tool.name).join(', ')}`);
  else output.line('No tools. Name a server: fleet chat ./server.py');
  output.line(color.dim(`${session} · type your query, or quit to end`));
}

/** The tools' names; null where the api has no servers of its own to ask. */
async function offeredTools(client: FleetClient): Promise<Tool[] | null> {
  try {
    return await client.tools.list();
  } catch (thrown) {
    if (thrown instanceof FleetApiError && thrown.code === 'not_found') return null;
    throw thrown;
  }
}

async function answerLines(
  output: Output,
  client: FleetClient,
  session: string,
  options: ChatOptions,
  stopped: AbortController,
): Promise<void> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: process.stdin.isTTY === true && !output.json,
    prompt: color.bold('› '),
  });
  lines.on('SIGINT', () => stopped.abort());
  stopped.signal.addEventListener('abort', () => lines.close(), { once: true });
  // Piped input may have ended while an answer was awaited; what it held is still to come.
  let open = true;
  lines.on('close', () => {
    open = false;
  });
  const prompt = () => {
    if (open && !output.json) lines.prompt();
  };
  prompt();
  for await (const line of lines) {
    const query = line.trim();
    if (query === 'quit' || query === 'exit') break;
    if (query !== '') await answer(output, client, session, query, options, stopped.signal);
    if (stopped.signal.aborted) break;
    prompt();
  }
  lines.close();
}

/** Submits one query and prints what happens until its end. An error ends the query, not the conversation. */
async function answer(
  output: Output,
  client: FleetClient,
  session: string,
  query: string,
  options: ChatOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    const job = await client.jobs.create({
      query,
      session_id: session,
      ...(options.agent ? { agent: options.agent } : {}),
    });
    const printer = new EventPrinter(output);
    for await (const event of client.jobs.stream(job.id, signal)) {
      if (output.json) process.stdout.write(`${JSON.stringify(event)}\n`);
      else printer.print(event);
      if (event.event === 'step' && options.saveResults) await save(output, options.saveResults, event.data);
    }
  } catch (thrown) {
    if (signal.aborted) return;
    output.line(`${color.red('✗')} ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function save(output: Output, folder: string, step: Step): Promise<void> {
  if (step.type !== 'tool_result') return;
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const path = join(folder, `tool_result_${stamp}_${step.round}_${step.slot}.txt`);
  await writeFile(path, `${plain(step.content)}\n`);
  output.line(color.dim(`  saved ${path}`));
}
