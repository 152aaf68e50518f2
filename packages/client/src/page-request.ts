import type { Page, PageQuery } from './types.ts';

/** A list: awaited it is one page, iterated it is every row of all pages, read as they are needed. */
export class PageRequest<T> implements PromiseLike<Page<T>>, AsyncIterable<T> {
  readonly #read: (after: string | undefined) => Promise<Page<T>>;
  readonly #first: string | undefined;

  constructor(read: (after: string | undefined) => Promise<Page<T>>, query: PageQuery) {
    this.#read = read;
    this.#first = query.after_id;
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting a list reads its first page.
  then<A = Page<T>, B = never>(
    done?: ((page: Page<T>) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#read(this.#first).then(done, failed);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (let after = this.#first; ; ) {
      const page = await this.#read(after);
      yield* page.data;
      if (!page.has_more || page.last_id === null) return;
      after = page.last_id;
    }
  }
}
