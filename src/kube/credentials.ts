/**
 * What a request carries to be let in: certificates, a token, headers. Files are read again every minute and
 * after a 401, so rotated tokens and certificates are picked up while the process runs.
 */

import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import type { Clock } from '../base/clock.ts';
import type { Connection } from './config.ts';
import { KubeError } from './errors.ts';

export interface TlsOptions extends SecureContextOptions {
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

export interface Credentials {
  /** The same object for as long as its content is the same, so that connections can be kept. */
  readonly tls: TlsOptions;
  readonly headers: Readonly<Record<string, string>>;
}

const reloadAfterMs = 60_000;

export class CredentialSource {
  readonly #connection: Connection;
  readonly #clock: Clock;
  #exec = new ExecAuth();
  #loading: Promise<Credentials> | undefined;
  #last: Credentials | undefined;
  #loadedAt = 0;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  current(): Promise<Credentials> {
    const stale = this.#last === undefined || this.#clock.monotonic() - this.#loadedAt >= reloadAfterMs;
    if (this.#last !== undefined && !stale) return Promise.resolve(this.#last);
    this.#loading ??= this.#reload().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** After a 401: the next request reads everything anew. */
  invalidate(): void {
    this.#exec = new ExecAuth();
    this.#loadedAt = Number.NEGATIVE_INFINITY;
  }

  async #reload(): Promise<Credentials> {
    try {
      const next = await this.#load();
      const tls = this.#last !== undefined && sameTls(this.#last.tls, next.tls) ? this.#last.tls : next.tls;
      this.#last = { tls, headers: next.headers };
    } catch (error) {
      // A file that is just being replaced is no reason to fail while the credentials at hand may still work.
      if (this.#last === undefined) throw error;
    }
    this.#loadedAt = this.#clock.monotonic();
    return this.#last;
  }

  async #load(): Promise<Credentials> {
    const { cluster, user } = this.#connection;
    const [ca, cert, key] = await Promise.all([
      content(cluster.caFile, cluster.caData),
      content(user.certFile, user.certData),
      content(user.keyFile, user.keyData),
    ]);
    // The shape that the library's authenticators fill in.
    const filled: RequestOptions & { headers: Record<string, string> } = {
      headers: {},
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
      ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
    };
    if (user.username) {
      const pair = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
      filled.headers.Authorization = `Basic ${pair}`;
    }
    await this.#authenticate(filled);
    if (user.impersonateUser) filled.headers['Impersonate-User'] = user.impersonateUser;
    const { headers, ...tls } = filled;
    return { tls: tls as TlsOptions, headers };
  }

  async #authenticate(filled: RequestOptions & { headers: Record<string, string> }): Promise<void> {
    const { user } = this.#connection;
    const tokenFile: unknown = user.authProvider?.config?.tokenFile;
    if (typeof tokenFile === 'string') {
      filled.headers.Authorization = `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}`;
    } else if (user.token) {
      filled.headers.Authorization = `Bearer ${user.token.trim()}`;
    } else if (this.#exec.isAuthProvider(user)) {
      await this.#execute(filled);
    } else if (user.authProvider?.name === 'oidc') {
      // Imported here: it brings 80 MB with it and hardly anyone uses it.
      const { OpenIDConnectAuth } = await import('@kubernetes/client-node/dist/oidc_auth.js');
      await new OpenIDConnectAuth().applyAuthentication(user, filled);
    } else if (user.authProvider) {
      throw unusable(
        `the auth provider ${String(user.authProvider.name)} is not supported; use an exec plugin`,
      );
    }
  }

  /** Runs the kubeconfig's exec plugin; its output and its complaints may hold secrets and go nowhere else. */
  async #execute(filled: RequestOptions): Promise<void> {
    const { cluster, user } = this.#connection;
    const exec = user.exec ?? user.authProvider.config.exec;
    const info = {
      apiVersion: exec.apiVersion ?? 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: {
        interactive: false,
        ...(exec.provideClusterInfo === true
          ? {
              cluster: {
                server: cluster.server,
                'certificate-authority-data': cluster.caData,
                'insecure-skip-tls-verify': cluster.skipTLSVerify,
                'tls-server-name': cluster.tlsServerName,
              },
            }
          : {}),
      },
    };
    const env = [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
    try {
      await this.#exec.applyAuthentication({ ...user, exec: { ...exec, env } }, filled);
    } catch {
      throw unusable(`the exec plugin ${String(exec.command)} of user ${user.name} gave no credentials`);
    }
  }
}

async function content(file: string | undefined, base64: string | undefined): Promise<Buffer | undefined> {
  if (file) return readFile(file);
  return base64 ? Buffer.from(base64, 'base64') : undefined;
}

function sameTls(left: TlsOptions, right: TlsOptions): boolean {
  const text = (value: TlsOptions): string =>
    [value.ca, value.cert, value.key, value.servername, value.rejectUnauthorized].map(String).join('\n');
  return text(left) === text(right);
}

function unusable(detail: string): KubeError {
  return new KubeError('WEFT-KUBE-05', detail, { status: 0, reason: 'InvalidKubeconfig' });
}
