/**
 * The web page's files. All of them are read once at the start: there are few, and what cannot be changed afterwards
 * cannot be anything else than what the image holds.
 */

import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

export interface StaticFile {
  readonly type: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>> & { readonly etag: string };
}

/** The page loads nothing from elsewhere, runs no inline script, sends nothing elsewhere and stands in no frame. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};

export type StaticFiles = ReadonlyMap<string, StaticFile>;

/** By path below the directory, `index.html`; empty where there is no such directory. Files of unknown type are left out. */
export function readStaticFiles(directory: string): StaticFiles {
  const files = new Map<string, StaticFile>();
  for (const entry of entriesOf(directory)) {
    const type = types[entry.name.split('.').pop() ?? ''];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const body = readFileSync(path);
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    const name = relative(directory, path).split(sep).join(posix.sep);
    // Kept by browsers, and asked about each time: the page and the control plane must fit together.
    files.set(name, { type, body, headers: { etag, 'cache-control': 'no-cache' } });
  }
  return files;
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** `/` is the page, `/ui/` as well, and files lie beside it: `/app.js`. */
export function staticFileAt(files: StaticFiles, path: string): StaticFile | undefined {
  const name = path.replace(/^\/(ui\/?)?/, '');
  return files.get(name === '' ? 'index.html' : name);
}
