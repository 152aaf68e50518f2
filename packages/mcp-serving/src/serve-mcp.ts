import { parseArgs } from 'node:util';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { startMcpHttp } from './start-mcp-http.ts';

/** The command line of an MCP server: stdio unless `--http` asks for Streamable HTTP. Ends at SIGTERM and SIGINT. */
export async function serveMcp(about: {
  name: string;
  /** Such as `an MCP server with arithmetic tools`. */
  what: string;
  create: () => McpServer;
}): Promise<void> {
  const { name, create } = about;
  const usage = `${name}: ${about.what}
  ${name}                          speak MCP over stdin and stdout
  ${name} --http PORT [--host IP]  serve Streamable HTTP at /mcp, liveness at /healthz`;
  try {
    const { values } = parseArgs({
      options: { http: { type: 'string' }, host: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) console.log(usage);
    else if (values.http === undefined) await serveStdio(create());
    else await serveHttp(name, create, { port: portOf(values.http), host: values.host ?? '127.0.0.1' });
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : String(thrown));
    console.error(usage);
    process.exitCode = 2;
  }
}

async function serveStdio(server: McpServer): Promise<void> {
  await server.connect(new StdioServerTransport());
  const stop = () => {
    void server.close().then(() => process.stdin.destroy());
  };
  process.stdin.once('end', stop);
  stopOnSignals(stop);
}

async function serveHttp(
  name: string,
  create: () => McpServer,
  options: { port: number; host: string },
): Promise<void> {
  const served = await startMcpHttp(create, options);
  console.error(`${name} listens at ${served.url}`);
  stopOnSignals(() => {
    void served.stop();
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
