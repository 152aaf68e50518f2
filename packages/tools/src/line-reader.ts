/** Splits a byte stream into lines of UTF-8 text without copying a long line more than once. */
export class LineReader {
  private parts: Buffer[] = [];
  private size = 0;
  private readonly limit: number;
  private readonly onLine: (line: string) => void;
  private readonly onTooLong: () => void;

  /** @param limit bytes of one line; the rest of a longer one is dropped and `onTooLong` is told once */
  constructor(limit: number, onLine: (line: string) => void, onTooLong: () => void) {
    this.limit = limit;
    this.onLine = onLine;
    this.onTooLong = onTooLong;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      this.keep(chunk.subarray(from, end));
      this.finishLine();
      from = end + 1;
    }
    this.keep(chunk.subarray(from));
  }

  /** Hands over a last line without a line feed. */
  end(): void {
    if (this.size > 0) this.finishLine();
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return;
    const fitted = this.size <= this.limit;
    this.size += part.length;
    if (this.size <= this.limit) {
      this.parts.push(part);
    } else if (fitted) {
      this.parts = [];
      this.onTooLong();
    }
  }

  private finishLine(): void {
    const fits = this.size <= this.limit;
    const line = fits ? Buffer.concat(this.parts).toString('utf8').replace(/\r$/, '') : '';
    this.parts = [];
    this.size = 0;
    if (fits) this.onLine(line);
  }
}
