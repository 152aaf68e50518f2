import { createReadStream } from 'node:fs';
import { FleetClient } from '@mcp-fleet/client';

/** Runs the fables on a fleet that is there: `npx fleet up --server examples/batch/fables.js`, then this file. */
const fleet = new FleetClient({ url: process.env.FLEET_URL ?? 'http://127.0.0.1:7717' });
const lines = createReadStream(new URL('fables.jsonl', import.meta.url));
const { id } = await fleet.batches.create({ lines, metadata: { example: 'fables' } });
const batch = await fleet.batches.wait(id, {
  onProgress: ({ progress, lines }) => console.error(`${progress.ended} of ${lines}`),
});
for await (const { custom_id, answer, error } of fleet.batches.results(id)) {
  console.log(`${custom_id}: ${answer ?? error?.message}`);
}
console.log(`${batch.counts.succeeded} succeeded, $${batch.usage.cost_usd ?? '?'}`);
