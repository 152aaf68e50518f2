import { createInterface } from 'node:readline';
import { answerRpc, type Rpc } from './rpc.ts';

/** A tool server over stdio: `node stdio-tools.ts <name> <folder of its ledger>`. */
const [name = 'desk', folder = '.'] = process.argv.slice(2);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void receive(JSON.parse(line)));
// Its worker has gone; so does it, whatever hangs.
lines.on('close', () => process.exit(0));

async function receive(rpc: Rpc): Promise<void> {
  if (rpc.id === undefined) return;
  const answer = await answerRpc(folder, name, rpc);
  if (answer.kind === 'message') process.stdout.write(`${answer.body}\n`);
  else if (answer.kind === 'garbage') {
    process.stdout.write('Segmentation fault\n');
    process.stdout.write(
      `{"jsonrpc":"2.0","id":${JSON.stringify(rpc.id)},"result":{"content":"nonsense"}}\n`,
    );
  }
}
