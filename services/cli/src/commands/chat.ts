import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FleetClient, JobEvent, Step } from '@mcp-fleet/client';
import type { Command } from 'commander';
import { type Connection, connect, type FleetOptions } from '../connect.ts';
import { color, createOutput, type Output, shorten } from '../output.ts';
import { plain } from './jobs.ts';
import { collect, withFleetOptions } from './options.ts';

interface ChatOptions extends FleetOptions {
  session?: string;
  agent?: string;
  server: string[];
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
    .option('--server <path>', 'the same as an argument', collect, [])
    .option('--session <id>', 'go on with a session')
    .option('--agent <name>', 'agent to talk to')
    .option('--save-results <folder>', 'also write each tool result to tool_result_<timestamp>.txt there');
  withFleetOptions(command).action(chat);
}

async function chat(paths: string[], options: ChatOptions): Promise<void> {
  const output = createOutput(options.json === true);
  if (options.saveResults) mkdirSync(options.saveResults, { recursive: true });
  const stopped = new AbortController();
  const onInterrupt = () => stopped.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  const connection = await connect(options, [...paths, ...options.server], output);
  try {
    const { client } = connection;
    const session = options.session
      ? await client.sessions.get(options.session)
      : await client.sessions.create(options.agent ? { agent: options.agent } : {});
    await greet(output, connection, session.id);
    await answerLines(output, client, session.id, options, stopped);
    output.line(
      color.dim(`\nThe conversation is kept: fleet chat${again(paths, options)} --session ${session.id}`),
    );
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onInterrupt);
    await connection.close();
  }
}

function again(paths: string[], options: ChatOptions): string {
  return [...paths, ...options.server].map((path) => ` ${path}`).join('');
}

async function greet(output: Output, { client, own }: Connection, session: string): Promise<void> {
  if (own?.simulated) {
    output.line(
      color.yellow('Answers are simulated. Set ANTHROPIC_API_KEY or OPENAI_API_KEY for a real model.'),
    );
  }
  const tools = await client.tools.list();
  if (tools.length > 0) output.line(`${color.bold('Tools:')} ${tools.map((tool) => tool.name).join(', ')}`);
  else output.line('No tools. Name a server: fleet chat ./server.py');
  output.line(color.dim(`${session} · type your query, or quit to end`));
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
    for await (const event of client.jobs.stream(job.id, signal)) {
      if (output.json) process.stdout.write(`${JSON.stringify(event)}\n`);
      else print(output, event);
      if (event.event === 'step' && options.saveResults) await save(output, options.saveResults, event.data);
    }
  } catch (thrown) {
    if (signal.aborted) return;
    output.line(`${color.red('✗')} ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function print(output: Output, event: JobEvent): void {
  switch (event.event) {
    case 'tool_started':
      output.line(`  ${color.yellow('→')} ${event.data.tool} ${color.dim(JSON.stringify(event.data.input))}`);
      return;
    case 'step':
      if (event.data.type === 'tool_result') {
        const mark = event.data.outcome === 'ok' ? color.green('←') : color.red('←');
        output.line(`  ${mark} ${shorten(plain(event.data.content), 500)}`);
      } else if (plain(event.data.content)) {
        output.line(plain(event.data.content));
      }
      return;
    case 'waiting':
      output.line(color.yellow(`  waiting until ${event.data.until}: ${event.data.reason}`));
      return;
    case 'ended':
      if (event.data.state !== 'succeeded') {
        output.line(
          `${color.red('✗')} ${event.data.error?.type ?? event.data.state}: ${event.data.error?.message ?? ''}`,
        );
      }
      return;
    default:
      return;
  }
}

async function save(output: Output, folder: string, step: Step): Promise<void> {
  if (step.type !== 'tool_result') return;
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const path = join(folder, `tool_result_${stamp}_${step.round}_${step.slot}.txt`);
  await writeFile(path, `${plain(step.content)}\n`);
  output.line(color.dim(`  saved ${path}`));
}
