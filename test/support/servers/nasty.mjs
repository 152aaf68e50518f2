// An MCP server over stdio without dependencies, for what well-behaved servers never do.
// Usage: node nasty.mjs MODE, where MODE is a key of `openings` or anything else for none of them.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [mode = ''] = process.argv.slice(2);
let toolNames = ['echo', 'crash', 'hang', 'big', 'noise', 'mute', 'change', 'enormous'];

const openings = {
  exits: () => {
    console.error('Missing API key: set NASTY_API_KEY');
    process.exit(3);
  },
  'junk-first': () => console.log('Welcome to nasty 1.0!'),
  'junk-only': () => console.log('Welcome to nasty 1.0!'),
  'junk-forever': () => setInterval(() => console.log('tick'), 5),
  'ignores-sigterm': ignoreTermination,
  grandchild: () => {
    ignoreTermination();
    startStubborn();
  },
  'leaves-grandchild': startStubborn,
};

openings[mode]?.();
const deaf = mode === 'silent' || mode === 'junk-only';
createInterface({ input: process.stdin }).on('line', (line) => {
  if (!deaf) receive(JSON.parse(line));
});

function ignoreTermination() {
  process.on('SIGTERM', () => console.error('SIGTERM ignored'));
  setInterval(() => undefined, 1000);
}

/** A process in this one's group that ignores SIGTERM and the end of its stdin. */
function startStubborn() {
  const script = 'trap "" TERM HUP; while :; do sleep 1; done';
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'ignore', 'ignore'] });
  console.error(`grandchild ${child.pid}`);
}

function receive({ id, method, params }) {
  if (method === 'initialize') {
    const capabilities = { tools: { listChanged: true } };
    const serverInfo = { name: 'nasty', version: '1' };
    reply(id, { protocolVersion: params.protocolVersion, capabilities, serverInfo });
  } else if (method === 'tools/list') {
    list(id, params?.cursor);
  } else if (method === 'tools/call') {
    console.error(`call ${params.name}`);
    call(id, params);
  } else if (method === 'notifications/cancelled') {
    console.error(`cancelled ${params.requestId}`);
  } else if (method === 'ping') {
    reply(id, {});
  }
}

/** Two pages, and an entry that is no tool. */
function list(id, cursor) {
  console.error('list');
  const half = Math.ceil(toolNames.length / 2);
  const names = cursor === 'more' ? toolNames.slice(half) : toolNames.slice(0, half);
  const tools = names.map((name) => ({ name, description: name, inputSchema: { type: 'object' } }));
  if (cursor === 'more') reply(id, { tools });
  else reply(id, { tools: [...tools, { name: 'broken', inputSchema: 'none' }], nextCursor: 'more' });
}

function call(id, params) {
  const calls = {
    echo: () =>
      text(id, JSON.stringify({ arguments: params.arguments, meta: params._meta, env: process.env })),
    crash: () => process.exit(7),
    hang: () => undefined,
    big: () => text(id, 'x'.repeat(params.arguments.bytes)),
    enormous: () => flood(),
    noise: () => {
      console.log('working on it...\n{"not": "mcp"}');
      text(id, 'done');
    },
    mute: () => reply(id, { isError: true }),
    change: () => {
      toolNames = ['echo', 'fresh'];
      send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
      text(id, 'changed');
    },
  };
  const run = Object.hasOwn(calls, params.name) ? calls[params.name] : undefined;
  if (run) run();
  else send({ jsonrpc: '2.0', id, error: { code: -32602, message: `Unknown tool: ${params.name}` } });
}

/** A single line that does not end. */
function flood() {
  const chunk = 'x'.repeat(1024 * 1024);
  const more = () => process.stdout.write(chunk, (error) => error ?? more());
  more();
}

function text(id, value) {
  reply(id, { content: [{ type: 'text', text: value }] });
}

function reply(id, result) {
  send({ jsonrpc: '2.0', id, result });
}

function send(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
