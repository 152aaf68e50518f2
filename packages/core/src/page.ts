/**
 * A page request: newest first, `after` is the id of the last row of the page before. With `before`, the id of the
 * first row of the page behind, the rows next to it are read, newest first all the same.
 */
export interface Page {
  limit: number;
  after?: string | undefined;
  before?: string | undefined;
}
