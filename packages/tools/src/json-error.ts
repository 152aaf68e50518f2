/** Where a text stops being JSON: 1-based line and column, and what stands there. */
export interface JsonError {
  line: number;
  column: number;
  found: string;
}

/** Finds the first place at which a text is not JSON; undefined when it is. Engines do not always tell. */
export function findJsonError(text: string): JsonError | undefined {
  const scanner = new Scanner(text);
  if (scanner.value() && scanner.end()) return undefined;
  const before = text.slice(0, scanner.at).split('\n');
  const rest = text.slice(scanner.at, scanner.at + 20).split('\n')[0] ?? '';
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    found: scanner.at >= text.length ? 'the end of the file' : JSON.stringify(rest),
  };
}

const blank = /[ \t\r\n]*/y;
const string = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Reads JSON's grammar; a method returns false when it does not match, and `at` stays at the offence. */
class Scanner {
  at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  value(): boolean {
    this.match(blank);
    const opening = this.text[this.at];
    if (opening === '{') return this.list('}', () => this.member());
    if (opening === '[') return this.list(']', () => this.value());
    return this.match(string) || this.match(scalar);
  }

  end(): boolean {
    this.match(blank);
    return this.at === this.text.length;
  }

  private list(closing: string, item: () => boolean): boolean {
    this.at += 1;
    if (this.symbol(closing)) return true;
    while (item()) {
      if (this.symbol(closing)) return true;
      if (!this.symbol(',')) return false;
    }
    return false;
  }

  private member(): boolean {
    this.match(blank);
    return this.match(string) && this.symbol(':') && this.value();
  }

  private symbol(expected: string): boolean {
    this.match(blank);
    if (this.text[this.at] !== expected) return false;
    this.at += 1;
    return true;
  }

  private match(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) return false;
    this.at += found.length;
    return found.length > 0;
  }
}
