import { FleetError } from '@mcp-fleet/core';
import { Tokenizer, TokenParser, TokenType } from '@streamparser/json';

/** Bytes that one request of a batch may have: it is a document of the store, with room for what is added to it. */
export const longestRequest = 8 * 1024 * 1024;

/** Bytes that the body of a batch may have, as in Anthropic's Message Batches. */
export const longestBatch = 256 * 1024 * 1024;

/**
 * Reads the elements of `requests` out of a body of JSON, of which no more is in memory than the chunk that came and
 * the element that has begun. Throws `invalid_request` for what is no such body, `query_too_large` beyond the limits.
 */
export async function* readRequests(stream: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  const requests = new RequestParser();
  let total = 0;
  let sinceLast = 0;
  for await (const chunk of stream) {
    total += chunk.length;
    if (total > longestBatch) throw tooLarge('The batch', longestBatch, 'Send the rest as another');
    const found = requests.read(chunk);
    sinceLast = found.length > 0 ? 0 : sinceLast + chunk.length;
    if (sinceLast > longestRequest) throw tooLarge('A request', longestRequest, 'Shorten it');
    yield* found;
  }
  if (!requests.ended) throw refused(total === 0 ? 'The body is missing' : 'The body ends within its JSON');
}

class RequestParser {
  readonly #tokenizer = new Tokenizer();
  readonly #parser = new TokenParser({ paths: ['$.requests.*'], keepStack: false });
  #found: unknown[] = [];
  #depth = 0;
  #text: unknown;

  constructor() {
    this.#tokenizer.onToken = (parsed) => {
      this.#refuseOtherKeys(parsed);
      this.#parser.write(parsed);
    };
    this.#parser.onEnd = () => this.#tokenizer.end();
    this.#parser.onValue = ({ value, key }) => {
      if (typeof key === 'string') throw refused('requests: expected a list');
      this.#found.push(value);
    };
  }

  get ended(): boolean {
    return this.#parser.isEnded;
  }

  /** The requests that end in this piece of the body. */
  read(chunk: Buffer): unknown[] {
    try {
      this.#tokenizer.write(chunk);
    } catch (thrown) {
      if (thrown instanceof FleetError) throw thrown;
      throw refused(`The body is not JSON: ${(thrown as Error).message}`);
    }
    return this.#found.splice(0);
  }

  /** Nothing beside `requests` is kept while it is parsed, so that its key has to be seen as it comes. */
  #refuseOtherKeys({ token, value }: Parameters<Tokenizer['onToken']>[0]): void {
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) this.#depth += 1;
    if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.#depth -= 1;
    if (this.#depth !== 1) return;
    if (token === TokenType.STRING) this.#text = value;
    if (token === TokenType.COLON && this.#text !== 'requests') {
      throw refused(`${JSON.stringify(this.#text)}: expected nothing but requests`);
    }
  }
}

const refused = (message: string) => new FleetError('invalid_request', `${message}.`);

const tooLarge = (what: string, bytes: number, remedy: string) =>
  new FleetError('query_too_large', `${what} has more than ${bytes} bytes. ${remedy}.`);
