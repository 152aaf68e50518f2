import { FleetApiError } from './api-error.ts';
import type { Http } from './http.ts';
import { type Lines, linePieces } from './line-pieces.ts';
import { Patience, passesByItself } from './patience.ts';
import type { Batch, UploadedBatch } from './types.ts';

export interface UploadOptions {
  /** The batch's `bytes`, from which `lines` go on; 0 unless told. */
  offset?: number;
  /** Called with the batch as it stands after each piece of about a megabyte. */
  onUpload?: ((batch: Batch) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Problems that are kept of an upload; the results have them all. */
const mostProblems = 100;

/** Sends the lines of a batch piece by piece. A piece that is cut off goes on where the fleet says it stands. */
export async function uploadLines(
  http: Http,
  batch: Batch,
  lines: Lines,
  { offset = 0, onUpload, signal }: UploadOptions,
): Promise<UploadedBatch> {
  const path = `/v1/batches/${encodeURIComponent(batch.id)}`;
  let standing: UploadedBatch = { ...batch, invalid_lines: [] };
  let start = offset;
  for await (const piece of linePieces(lines)) {
    const sent = await sendPiece(http, path, piece, start, signal);
    const invalid = [...standing.invalid_lines, ...sent.invalid_lines].slice(0, mostProblems);
    standing = { ...sent, invalid_lines: invalid };
    start += piece.length;
    onUpload?.(standing);
  }
  return standing;
}

async function sendPiece(
  http: Http,
  path: string,
  piece: Uint8Array<ArrayBuffer>,
  start: number,
  signal: AbortSignal | undefined,
): Promise<UploadedBatch> {
  const patience = new Patience(signal);
  const end = start + piece.length;
  for (let at = start; ; ) {
    try {
      return await http.json<UploadedBatch>({
        method: 'PUT',
        path: `${path}/lines?offset=${at}`,
        content: { type: 'application/jsonl', bytes: piece.subarray(at - start) },
        signal,
      });
    } catch (thrown) {
      await patience.bear(thrown, passesByItself(thrown) || isElsewhere(thrown));
    }
    const batch = await patience.through(() => http.json<Batch>({ method: 'GET', path, signal }));
    if (batch.bytes < start || batch.bytes > end) throw movedOn(batch, start);
    if (batch.bytes === end) return { ...batch, invalid_lines: [] };
    if (batch.bytes > at) patience.restore();
    at = batch.bytes;
  }
}

const isElsewhere = (thrown: unknown): boolean =>
  thrown instanceof FleetApiError && thrown.code === 'upload_elsewhere';

function movedOn({ id, bytes }: Batch, start: number): FleetApiError {
  const message = `The upload of batch ${id} stands at byte ${bytes}, and not behind ${start}: something else uploads to it. Begin another batch.`;
  return new FleetApiError({ type: 'conflict_error', code: 'upload_elsewhere', message }, { status: 409 });
}
