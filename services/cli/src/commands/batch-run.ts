import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type Batch, FleetApiError, type FleetClient, type NewBatch } from '@mcp-fleet/client';
import { FleetError } from '@mcp-fleet/core';
import { z } from 'zod';
import type { Output } from '../output.ts';
import { batchProgress } from './batch-progress.ts';

const state = z.object({ batch: z.string(), sha256: z.string() });

/**
 * Runs a file to its end and appends each line's result to another as it comes. What was begun is kept beside the
 * results, in `<results>.batch`, so that a second run goes on with the same batch: every line has one result.
 */
export async function runBatch(
  client: FleetClient,
  file: string,
  out: string,
  settings: NewBatch,
  output: Output,
): Promise<Batch> {
  const sha256 = await digest(file);
  const batch = (await begun(client, out, sha256)) ?? (await begin(client, out, sha256, settings));
  const bar = batchProgress(output);
  try {
    if (batch.state === 'uploading') await upload(client, file, batch, bar.uploaded, output);
    const results = await Results.open(out);
    try {
      return await client.batches.wait(batch.id, {
        onProgress: async (standing) => {
          bar.moved(standing);
          await results.append(client, batch.id);
        },
      });
    } finally {
      await results.close();
    }
  } finally {
    bar.stop();
  }
}

/** The batch that an earlier run of the same file began; null when there is none. */
async function begun(client: FleetClient, out: string, sha256: string): Promise<Batch | null> {
  const text = await readFile(stateFile(out), 'utf8').catch(() => null);
  if (text === null) {
    if ((await sizeOf(out)) === 0) return null;
    throw new FleetError(
      'invalid_request',
      `${out} has something in it that no batch of this command began. Name another file for the results.`,
    );
  }
  const known = state.parse(JSON.parse(text));
  if (known.sha256 !== sha256) {
    throw new FleetError(
      'invalid_request',
      `${out} has the results of batch ${known.batch}, of another file or of this one as it was before. Name another file for the results.`,
    );
  }
  try {
    return await client.batches.get(known.batch);
  } catch (thrown) {
    if (!(thrown instanceof FleetApiError) || thrown.status !== 404) throw thrown;
    throw new FleetError(
      'not_found',
      `This fleet has no batch ${known.batch}, which ${out} has the results of. Name the fleet that has it, or another file.`,
    );
  }
}

async function begin(client: FleetClient, out: string, sha256: string, settings: NewBatch): Promise<Batch> {
  const created = await client.batches.create(settings);
  const text = JSON.stringify({ batch: created.id, sha256 } satisfies z.infer<typeof state>);
  await writeFile(`${stateFile(out)}.new`, `${text}\n`);
  await rename(`${stateFile(out)}.new`, stateFile(out));
  return created;
}

async function upload(
  client: FleetClient,
  file: string,
  { id, bytes }: Batch,
  onUpload: (batch: Batch) => void,
  output: Output,
): Promise<void> {
  const lines = createReadStream(file, { start: bytes });
  const uploaded = await client.batches.upload(id, lines, { offset: bytes, onUpload });
  await client.batches.finalize(id);
  for (const { line, message } of uploaded.invalid_lines) {
    output.warn(`line ${line} is left out: ${message}`);
  }
}

const stateFile = (out: string) => `${out}.batch`;

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

async function sizeOf(file: string): Promise<number> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return 0;
  const { size } = await handle.stat();
  await handle.close();
  return size;
}

/** The file of results, each line of which is in it once. */
class Results {
  readonly #file: FileHandle;
  /** Lines of the upload whose results are in the file: all up to this one, and these. */
  #upTo = 0;
  readonly #beyond = new Set<number>();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Reads which lines an earlier run has written; a result that it wrote half of is taken away. */
  static async open(path: string): Promise<Results> {
    const file = await open(path, 'a+');
    const results = new Results(file);
    let whole = 0;
    for await (const line of createInterface({
      input: createReadStream(path),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      const bytes = Buffer.byteLength(line) + 1;
      const n = lineOf(line);
      if (n === null) break;
      results.#has(n);
      whole += bytes;
    }
    const { size } = await file.stat();
    if (whole === size + 1) await file.appendFile('\n');
    else if (whole !== size) await truncate(path, whole);
    return results;
  }

  /** Appends the results that have come since. */
  async append(client: FleetClient, batchId: string): Promise<void> {
    const rows: string[] = [];
    const lines: number[] = [];
    for await (const result of client.batches.results(batchId, { afterLine: this.#upTo })) {
      if (this.#beyond.has(result.line)) continue;
      rows.push(`${JSON.stringify(result)}\n`);
      lines.push(result.line);
      if (rows.length === flushRows) await this.#write(rows.splice(0), lines.splice(0));
    }
    await this.#write(rows, lines);
  }

  async #write(rows: readonly string[], lines: readonly number[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#file.appendFile(rows.join(''));
    for (const line of lines) this.#has(line);
  }

  #has(line: number): void {
    this.#beyond.add(line);
    while (this.#beyond.delete(this.#upTo + 1)) this.#upTo += 1;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

const flushRows = 1_000;

/** The number of the line that a result is of; null for one that is not whole. */
function lineOf(text: string): number | null {
  try {
    return z.object({ line: z.int() }).parse(JSON.parse(text)).line;
  } catch {
    return null;
  }
}
