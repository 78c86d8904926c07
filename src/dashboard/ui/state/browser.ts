/** What belongs to this tab and this browser: the place, the token, the theme, whether refreshing is paused. */

import { observeBase } from '../../../base/observe.ts';
import { type ApiClient, createClient } from '../api/client.ts';
import { formatPlace, parsePlace, type Place } from './location.ts';
import { createStore } from './store.ts';

export type Theme = 'system' | 'light' | 'dark';

const tokenKey = 'weft.token';
const themeKey = 'weft.theme';

/** Storage can be forbidden by the browser; then a choice lasts as long as the page. */
function read(storage: () => Storage, key: string): string | undefined {
  try {
    return storage().getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(storage: () => Storage, key: string, value: string | undefined): void {
  try {
    if (value === undefined) storage().removeItem(key);
    else storage().setItem(key, value);
  } catch {
    // Nothing to do: see above.
  }
}

const session = (): Storage => window.sessionStorage;
const local = (): Storage => window.localStorage;

export const place = createStore<Place>(parsePlace(window.location.hash));
window.addEventListener('hashchange', () => place.set(parsePlace(window.location.hash)));

/** Changes the query of the place without a new entry in the history. */
export function changeQuery(change: Readonly<Record<string, string | undefined>>): void {
  const { path, query } = place.get();
  const next: Record<string, string> = { ...query };
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined || value === '') delete next[name];
    else next[name] = value;
  }
  const hash = formatPlace({ path, query: next });
  if (hash === formatPlace(place.get())) return;
  window.history.replaceState(undefined, '', hash);
  place.set({ path, query: next });
}

/** Only for this tab: closing it signs out. */
export const token = createStore<string | undefined>(read(session, tokenKey));
token.watch((value) => write(session, tokenKey, value));

/** Set when the server answered 401. */
export const mustSignIn = createStore(false);

/** With what was wrong about the token that was tried. */
export const signInProblem = createStore<string | undefined>(undefined);

const storedTheme = read(local, themeKey);
export const theme = createStore<Theme>(
  storedTheme === 'light' || storedTheme === 'dark' ? storedTheme : 'system',
);
theme.watch((value) => write(local, themeKey, value === 'system' ? undefined : value));

export const paused = createStore(false);

/** Counts the times that the reader asked for everything anew. */
export const refreshes = createStore(0);

/** Page and API are served together: `<base>/ui/` beside `<base>/stat`. */
function baseOfApi(): string {
  const at = window.location.pathname.lastIndexOf('/ui');
  return at > 0 ? window.location.pathname.slice(0, at) : observeBase;
}

export const client: ApiClient = createClient({
  base: baseOfApi(),
  fetch: (url, init) => window.fetch(url, init),
  token: () => token.get(),
});
