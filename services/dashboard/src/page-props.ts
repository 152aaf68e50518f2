export interface PageProps {
  /** From the address; empty where the page has none. */
  id: string;
  query: URLSearchParams;
}
