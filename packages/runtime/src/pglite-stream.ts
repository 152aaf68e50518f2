import { Duplex } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';

/**
 * What `pg.Client` takes for its socket: bytes of the wire protocol go to PostgreSQL in this process, and its answer comes
 * back. All that a statement is sent as goes at once, and is read by the client's own parser only.
 */
export class PgliteStream extends Duplex {
  readonly #pglite: PGlite;

  constructor(pglite: PGlite) {
    super();
    this.#pglite = pglite;
  }

  /** What a socket has and the client calls. */
  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#execute(bytes, done);
  }

  override _writev(pieces: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#execute(Buffer.concat(pieces.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  #execute(bytes: Buffer, done: (error?: Error | null) => void): void {
    // What comes before a session begins is not streamed.
    const answered = bytes[0] === 0 ? this.#begin(bytes) : this.#stream(bytes);
    answered.then(() => done(), done);
  }

  async #begin(startup: Buffer): Promise<void> {
    this.push(Buffer.from(this.#pglite.execProtocolRawSync(startup)));
  }

  /** The folder is written by PostgreSQL itself: there is nothing to sync after it. */
  #stream(bytes: Buffer): Promise<void> {
    const onRawData = (data: Uint8Array) => void this.push(Buffer.from(data));
    return this.#pglite.execProtocolRawStream(bytes, { syncToFs: false, onRawData });
  }
}
