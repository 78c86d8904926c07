/** For this room's tests: certificates of an API server's proxy, good and bad, made by openssl. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ClientPair {
  readonly key: string;
  readonly cert: string;
}

export interface ProxyAuthority {
  /** PEM. */
  readonly ca: string;
  /** @param days that it is valid from now; -1: it has expired */
  issue(commonName: string, days?: number): ClientPair;
}

/** Removed again when the test ends. */
export function proxyAuthority(after: (clean: () => void) => void, name = 'proxy-ca'): ProxyAuthority {
  const directory = mkdtempSync(join(tmpdir(), 'weft-proxy-pki-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const path = (file: string): string => join(directory, file);
  const openssl = (...argv: readonly string[]): void => {
    execFileSync('openssl', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const root = ['-keyout', path('ca.key'), '-out', path('ca.pem'), '-days', '2', '-subj', `/CN=${name}`];
  openssl('req', '-x509', ...curve, ...root);
  let count = 0;
  return {
    ca: readFileSync(path('ca.pem'), 'utf8'),
    issue: (commonName, days = 1) => {
      const file = `c${++count}`;
      writeFileSync(path(`${file}.ext`), 'extendedKeyUsage=clientAuth\n');
      const request = [
        '-keyout',
        path(`${file}.key`),
        '-out',
        path(`${file}.csr`),
        '-subj',
        `/CN=${commonName}`,
      ];
      openssl('req', ...curve, ...request);
      const signer = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial'];
      const files = [
        '-in',
        path(`${file}.csr`),
        '-out',
        path(`${file}.pem`),
        '-extfile',
        path(`${file}.ext`),
      ];
      openssl('x509', '-req', ...files, ...signer, '-days', String(days));
      return {
        key: readFileSync(path(`${file}.key`), 'utf8'),
        cert: readFileSync(path(`${file}.pem`), 'utf8'),
      };
    },
  };
}
