/** What the reader chose in the top bar, as the API takes it. */

import type { Place } from './location.ts';

export interface WindowChoice {
  /** As in the address. */
  readonly name: string;
  readonly label: string;
  readonly seconds: number;
  /** Of a time line with about thirty points. */
  readonly stepSeconds: number;
}

/** Multiples of the ten seconds in which proxies report; the store keeps an hour. */
export const windows: readonly WindowChoice[] = [
  { name: '1m', label: '1 minute', seconds: 60, stepSeconds: 10 },
  { name: '5m', label: '5 minutes', seconds: 300, stepSeconds: 10 },
  { name: '15m', label: '15 minutes', seconds: 900, stepSeconds: 30 },
  { name: '1h', label: '1 hour', seconds: 3600, stepSeconds: 120 },
];

/** Pages whose numbers are of the chosen window; lists tell the last minute. */
export function hasWindow({ path }: Place): boolean {
  const [page = 'overview', detail] = path;
  return (
    page === 'overview' ||
    page === 'graph' ||
    (detail !== undefined && (page === 'workloads' || page === 'services' || page === 'routes'))
  );
}

export function windowOf(place: Place): WindowChoice {
  const chosen = windows.find((one) => one.name === place.query['window']);
  return chosen ?? (windows[0] as WindowChoice);
}

/** Empty for all namespaces. */
export function namespaceOf(place: Place): string {
  return place.query['ns'] ?? '';
}
