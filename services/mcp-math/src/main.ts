#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { createMathServer } from './math-server.ts';
import { startMathHttp } from './start-math-http.ts';

const usage = `mcp-math: an MCP server with arithmetic tools
  mcp-math                          speak MCP over stdin and stdout
  mcp-math --http PORT [--host IP]  serve Streamable HTTP at /mcp, liveness at /healthz`;

try {
  await main();
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : String(thrown));
  console.error(usage);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { http: { type: 'string' }, host: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) console.log(usage);
  else if (values.http === undefined) await serveStdio();
  else await serveHttp(portOf(values.http), values.host ?? '127.0.0.1');
}

async function serveStdio(): Promise<void> {
  const server = createMathServer();
  await server.connect(new StdioServerTransport());
  const stop = () => {
    void server.close().then(() => process.stdin.destroy());
  };
  process.stdin.once('end', stop);
  stopOnSignals(stop);
}

async function serveHttp(port: number, host: string): Promise<void> {
  const math = await startMathHttp({ port, host });
  console.error(`mcp-math listens at ${math.url}`);
  stopOnSignals(() => {
    void math.stop();
  });
}

function stopOnSignals(stop: () => void): void {
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`--http expects a port from 0 to 65535, but got ${JSON.stringify(text)}.`);
}
