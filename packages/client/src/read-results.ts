import { type Http, search } from './http.ts';
import { Patience } from './patience.ts';
import type { BatchResult } from './types.ts';

export interface ResultsQuery {
  /** Only lines behind this one. */
  afterLine?: number;
  /** Also lines that have not ended; otherwise only those that have. */
  all?: boolean;
  signal?: AbortSignal;
}

/** Results in the order of lines, as they are streamed. A stream that breaks is asked for again behind its last row. */
export async function* readResults(
  http: Http,
  path: string,
  { afterLine = 0, all, signal }: ResultsQuery,
): AsyncGenerator<BatchResult> {
  const patience = new Patience(signal);
  for (let after = afterLine; ; ) {
    try {
      const query = search({ after_line: after, all });
      const response = await http.send({ method: 'GET', path: `${path}${query}`, signal });
      for await (const line of textLines(response.body)) {
        const row = JSON.parse(line) as BatchResult;
        patience.restore();
        after = row.line;
        yield row;
      }
      return;
    } catch (thrown) {
      await patience.bear(thrown);
    }
  }
}

/** The lines of a stream of text; what stands behind its last line end is cut off, and left out. */
async function* textLines(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  if (body === null) return;
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let buffered = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (buffered + decoder.decode(value, { stream: true })).split('\n');
      buffered = lines.pop() as string;
      yield* lines;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
