import { type Batch, FleetError, type NewLine } from '@mcp-fleet/core';
import type { ApiParts } from '../parts.ts';
import { noBatch } from './batch-views.ts';
import { LineChecker } from './line-checker.ts';
import { longestLine, readLines } from './read-lines.ts';

/** Lines, or bytes, that are stored at a time. */
const pieceLines = 1_000;
const pieceBytes = 2 * 1024 * 1024;

/** Problems that are reported with the upload itself. */
const mostReported = 100;

/** Lines of one batch. */
const mostLines = 10_000_000;

export interface Problem {
  line: number;
  message: string;
}

/**
 * Stores the lines of a stream piece by piece, from `batch.bytes` on. What is stored when the stream breaks stays,
 * and the upload goes on there. Returns the first problems.
 */
export async function uploadLines(
  parts: Pick<ApiParts, 'agents' | 'store'>,
  batch: Batch,
  stream: AsyncIterable<Buffer>,
): Promise<Problem[]> {
  const upload = new Upload(parts, batch);
  for await (const { bytes, text } of readLines(stream, longestLine)) await upload.add(bytes, text);
  await upload.flush();
  return upload.problems;
}

class Upload {
  readonly problems: Problem[] = [];
  readonly #parts: Pick<ApiParts, 'agents' | 'store'>;
  readonly #batch: Batch;
  readonly #checker: LineChecker;
  #offset: number;
  #lastLine: number;
  #lines: NewLine[] = [];
  #bytes = 0;

  constructor(parts: Pick<ApiParts, 'agents' | 'store'>, batch: Batch) {
    this.#parts = parts;
    this.#batch = batch;
    this.#checker = new LineChecker(parts, batch);
    this.#offset = batch.bytes;
    this.#lastLine = batch.lastLine;
  }

  async add(bytes: number, text: string | null): Promise<void> {
    this.#lastLine += 1;
    this.#bytes += bytes;
    if (this.#lastLine > mostLines) {
      throw new FleetError(
        'limit_exceeded',
        `A batch has at most ${mostLines} lines. Send the rest as another.`,
      );
    }
    const line = await this.#checker.check(this.#lastLine, text);
    if (line !== null) this.#lines.push(line);
    if (line?.problem != null) this.#report(line.n, line.problem);
    if (this.#lines.length >= pieceLines || this.#bytes >= pieceBytes) await this.flush();
  }

  /** Stores what has come since the last time. */
  async flush(): Promise<void> {
    if (this.#bytes === 0) return;
    const appended = await this.#parts.store.appendLines(this.#batch.tenant, this.#batch.id, {
      offset: this.#offset,
      bytes: this.#bytes,
      lines: this.#lines,
      lastLine: this.#lastLine,
      agents: this.#checker.agents,
    });
    if (appended.kind !== 'appended') throw refusal(this.#batch.id, appended);
    for (const n of appended.duplicates) {
      this.#report(n, 'custom_id: an earlier line has the same; it has to be unique in a batch');
    }
    this.#offset += this.#bytes;
    this.#bytes = 0;
    this.#lines = [];
  }

  #report(line: number, message: string): void {
    if (this.problems.length < mostReported) this.problems.push({ line, message });
  }
}

function refusal(
  id: string,
  appended: Exclude<Awaited<ReturnType<ApiParts['store']['appendLines']>>, { kind: 'appended' }>,
): FleetError {
  switch (appended.kind) {
    case 'elsewhere':
      return new FleetError(
        'upload_elsewhere',
        `The upload of batch ${id} stands at byte ${appended.bytes}. Go on with ?offset=${appended.bytes}.`,
      );
    case 'closed':
      return new FleetError(
        'batch_closed',
        `Batch ${id} is ${appended.state} and takes no more lines. Send them as another batch.`,
      );
    case 'absent':
      return noBatch(id);
  }
}
