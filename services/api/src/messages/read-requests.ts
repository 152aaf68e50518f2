import { FleetError } from '@mcp-fleet/core';
import { JSONParser } from '@streamparser/json';

/** Bytes that one request of a batch may have: it is a document of the store, with room for what is added to it. */
export const longestRequest = 8 * 1024 * 1024;

/** Bytes that the body of a batch may have, as in Anthropic's Message Batches. */
export const longestBatch = 256 * 1024 * 1024;

/**
 * Reads the elements of `requests` out of a body of JSON, of which no more is in memory than the chunk that came and
 * the element that has begun. Throws `invalid_request` for what is no such body, `query_too_large` beyond the limits.
 */
export async function* readRequests(stream: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  const parser = new JSONParser({ paths: ['$.requests.*'], keepStack: false });
  let found: unknown[] = [];
  parser.onValue = ({ value, key }) => {
    if (typeof key === 'string') throw refused('requests: expected a list');
    found.push(value);
  };
  let total = 0;
  let sinceLast = 0;
  for await (const chunk of stream) {
    total += chunk.length;
    if (total > longestBatch) throw tooLarge('The batch', longestBatch, 'Send the rest as another');
    write(parser, chunk);
    sinceLast = found.length > 0 ? 0 : sinceLast + chunk.length;
    if (sinceLast > longestRequest) throw tooLarge('A request', longestRequest, 'Shorten it');
    yield* found;
    found = [];
  }
  if (!parser.isEnded) throw refused(total === 0 ? 'The body is missing' : 'The body ends within its JSON');
}

function write(parser: JSONParser, chunk: Buffer): void {
  try {
    parser.write(chunk);
  } catch (thrown) {
    if (thrown instanceof FleetError) throw thrown;
    throw refused(`The body is not JSON: ${(thrown as Error).message}`);
  }
}

const refused = (message: string) => new FleetError('invalid_request', `${message}.`);

const tooLarge = (what: string, bytes: number, remedy: string) =>
  new FleetError('query_too_large', `${what} has more than ${bytes} bytes. ${remedy}.`);
