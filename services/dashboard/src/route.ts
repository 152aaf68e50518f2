import { useEffect, useState } from 'preact/hooks';

/** Where the page is, as the part of the address behind `#/` says. */
export interface Route {
  /** Such as `jobs`; empty for the overview. */
  page: string;
  /** Such as a job's id. */
  id: string | null;
  query: URLSearchParams;
}

function readRoute(): Route {
  const [path = '', search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [page = '', id] = path.split('/').map(decodeURIComponent);
  return { page, id: id ?? null, query: new URLSearchParams(search) };
}

/** The address of a page, for links. */
export function href(page: string, id?: string | null, query: Record<string, string> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
  const path = [page, id]
    .filter((part) => part != null && part !== '')
    .map((part) => encodeURIComponent(part as string));
  return `#/${path.join('/')}${search.size > 0 ? `?${search}` : ''}`;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    const changed = () => setRoute(readRoute());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}
