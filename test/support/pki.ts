/** A certificate authority for tests, made by openssl so that our own code is not what proves itself. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
  readonly keyFile: string;
  readonly certFile: string;
}

export interface TestAuthority {
  /** PEM of the root. */
  readonly ca: string;
  readonly caFile: string;
  /**
   * @param names in openssl's form, such as `URI:spiffe://cluster.local/ns/a/sa/b,DNS:localhost`
   * @param subject in openssl's form, such as `/O=shop/OU=v1/CN=Deployment\/web`
   */
  issue(names: string, subject?: string): TestCertificate;
  /** Removes its folder. */
  remove(): void;
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export function createTestAuthority(): TestAuthority {
  const directory = mkdtempSync(join(tmpdir(), 'weft-test-pki-'));
  const path = (name: string): string => join(directory, name);
  const openssl = (...argv: readonly string[]): void => {
    execFileSync('openssl', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    path('ca.key'),
    '-out',
    path('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=ca',
  );
  let count = 0;
  return {
    ca: readFileSync(path('ca.pem'), 'utf8'),
    caFile: path('ca.pem'),
    issue(names, subject = '/CN=x') {
      const name = `c${++count}`;
      const [keyFile, csr, certFile, extensions] = ['key', 'csr', 'pem', 'ext'].map((end) =>
        path(`${name}.${end}`),
      ) as [string, string, string, string];
      writeFileSync(extensions, `subjectAltName=${names}\nextendedKeyUsage=clientAuth,serverAuth\n`);
      openssl('req', ...curve, '-keyout', keyFile, '-out', csr, '-subj', subject);
      const signer = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial'];
      openssl('x509', '-req', '-in', csr, ...signer, '-out', certFile, '-days', '1', '-extfile', extensions);
      return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), keyFile, certFile };
    },
    remove() {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
