import type { BatchLine } from './types.ts';

/** Part of the text of an upload, with the ends of its lines; or a line, which needs none. */
export type LinesChunk = string | Uint8Array | BatchLine;

/**
 * Lines of an upload: the JSON lines as text or bytes, whole, in a `Blob` or `File`, or as a stream comes upon them; or
 * lines as objects.
 */
export type Lines =
  | string
  | Uint8Array<ArrayBuffer>
  | Blob
  | ReadableStream<LinesChunk>
  | Iterable<LinesChunk>
  | AsyncIterable<LinesChunk>;

/** Bytes after which a piece ends with its last whole line. */
const pieceBytes = 1024 * 1024;

/** Bytes of a line that are waited for; the fleet takes 4 MiB. */
const longestLine = 16 * 1024 * 1024;

const newline = 0x0a;

/** The lines in pieces of about a megabyte, each of whole lines, of which one is in memory at a time. */
export async function* linePieces(lines: Lines): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(lines)) {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < pieceBytes || !chunk.includes(newline)) {
      if (bytes > longestLine) throw new RangeError(`A line has more than ${longestLine} bytes. ${expected}`);
      continue;
    }
    let rest = joined(held, bytes);
    for (let end = pieceEnd(rest); end > 0; end = pieceEnd(rest)) {
      yield rest.subarray(0, end);
      rest = rest.subarray(end);
    }
    held = [rest];
    bytes = rest.length;
  }
  if (bytes > 0) yield joined(held, bytes);
}

const expected = 'Expected JSON lines, each ended by a newline.';

/** Where the next piece ends; 0 while there is not enough for one. */
function pieceEnd(bytes: Uint8Array): number {
  if (bytes.length < pieceBytes) return 0;
  return bytes.lastIndexOf(newline, pieceBytes - 1) + 1 || bytes.indexOf(newline, pieceBytes) + 1;
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

async function* chunksOf(lines: Lines): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const chunk of iterated(lines)) {
    if (chunk instanceof Uint8Array) yield chunk;
    else yield encoder.encode(typeof chunk === 'string' ? chunk : `${JSON.stringify(chunk)}\n`);
  }
}

function iterated(lines: Lines): Iterable<LinesChunk> | AsyncIterable<LinesChunk> {
  if (typeof lines === 'string' || lines instanceof Uint8Array) return readAll(new Blob([lines]).stream());
  if (lines instanceof Blob) return readAll(lines.stream());
  return lines instanceof ReadableStream ? readAll(lines) : lines;
}

/** Not every browser iterates a stream by itself. */
async function* readAll<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
