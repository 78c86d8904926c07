/**
 * Where the reader is, in the fragment of the address: `#/workloads/shop/Deployment/web?ns=shop&window=5m`. A fragment
 * works wherever the page is served (below the API server, a local proxy), survives a reload and can be sent to others.
 * Credentials are never part of it.
 */

export interface Place {
  /** Decoded; the first names the page. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** Anything can be in an address: what cannot be decoded is taken as it stands. */
export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split(/\?(.*)/s);
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  return {
    path: path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** The opposite of `parsePlace`; empty values of the query are left out. */
export function formatPlace(place: Place): string {
  const query = new URLSearchParams(
    Object.entries(place.query)
      .filter(([, value]) => value !== '')
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  ).toString();
  return `#/${place.path.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
}

/** What stays when going to another page: the choices of the top bar. */
export const sharedQuery: readonly string[] = ['ns', 'window'];

/** Address of another page, with the shared choices kept. */
export function linkTo(from: Place, path: readonly string[], query: Place['query'] = {}): string {
  const kept = Object.fromEntries(
    sharedQuery.flatMap((name) => {
      const value = from.query[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return formatPlace({ path, query: { ...kept, ...query } });
}
