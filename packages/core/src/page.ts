/** A page request: newest first, `after` is the id of the last row of the page before. */
export interface Page {
  limit: number;
  after?: string | undefined;
}
