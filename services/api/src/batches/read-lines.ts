/** A line of an upload. `text` is null for one that is longer than is taken. */
export interface RawLine {
  /** Bytes that it has in the upload, its end included. */
  bytes: number;
  text: string | null;
}

/** Bytes that a line of a batch may have. */
export const longestLine = 4 * 1024 * 1024;

const newline = 0x0a;

/**
 * Splits a stream into lines, of which one is in memory at a time; of one that is longer than `longest` bytes
 * nothing is kept. The end of the stream ends its last line.
 */
export async function* readLines(stream: AsyncIterable<Buffer>, longest: number): AsyncGenerator<RawLine> {
  let kept: Buffer[] = [];
  let bytes = 0;
  const take = (part: Buffer) => {
    bytes += part.length;
    if (bytes <= longest + 1) kept.push(part);
    else kept = [];
  };
  const end = (): RawLine => {
    const line = { bytes, text: bytes > longest + 1 ? null : Buffer.concat(kept).toString('utf8') };
    kept = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of stream) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      take(chunk.subarray(from, at + 1));
      from = at + 1;
      yield end();
    }
    if (from < chunk.length) take(chunk.subarray(from));
  }
  if (bytes > 0) yield end();
}
