import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { answerRpc, type Rpc } from './rpc.ts';

/** A tool server over Streamable HTTP, without sessions: `node http-tools.ts <name> <folder> <port>`. */
const [name = 'bank', folder = '.', port = '0'] = process.argv.slice(2);

const server = createServer((request, response) => {
  serve(request, response).catch(() => response.destroy());
});
server.listen(Number(port), '127.0.0.1');
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(405).end();
    return;
  }
  let body = '';
  for await (const chunk of request) body += chunk;
  const rpc: Rpc = JSON.parse(body);
  if (rpc.id === undefined) {
    response.writeHead(202).end();
    return;
  }
  const answer = await answerRpc(folder, name, rpc);
  if (answer.kind === 'never') return;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(answer.kind === 'message' ? answer.body : '<html>Bad gateway</html>');
}
