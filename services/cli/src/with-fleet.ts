import type { FleetClient } from '@mcp-fleet/client';
import { connect, type FleetOptions } from './connect.ts';
import { createOutput, type Output } from './output.ts';

/** Works with a fleet that is only looked at or administered: one of the command's own runs no jobs. */
export async function withFleet(
  options: FleetOptions & { json?: boolean },
  work: (fleet: FleetClient, output: Output) => Promise<void>,
): Promise<void> {
  const output = createOutput(options.json === true);
  const connection = await connect(options, [], output, { runs: 'nothing' });
  try {
    await work(connection.client, output);
  } finally {
    await connection.close();
  }
}
