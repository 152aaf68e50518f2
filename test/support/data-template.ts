import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A place for the data folder that those of tests are copies of; see data-folder.ts. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-template-'));
  process.env.TEST_DATA_TEMPLATE = folder;
  return () => rm(folder, { recursive: true, force: true });
}
