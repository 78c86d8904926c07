/**
 * Who asks. There are three ways to say it and no other: the API server of Kubernetes passes somebody's request on, a
 * bearer token that it accepts, and for other replicas of the control plane the control plane's own certificate.
 */

import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { User } from '../kube/user-review.ts';
import {
  hasIdentity,
  isIssuedBelow,
  issuersHeader,
  parseIssuers,
  verifiedCertificate,
} from './client-certificate.ts';
import { unauthorized } from './errors.ts';
import { type FrontProxy, isFrontProxy, userOf } from './front-proxy.ts';

export type Caller = { readonly kind: 'user'; readonly user: User } | { readonly kind: 'replica' };

export interface AuthenticateOptions {
  /** As the cluster has it at this moment; undefined where it has no aggregation layer. */
  readonly frontProxy: () => FrontProxy | undefined;
  /** Undefined where the API server does not accept the token. */
  readonly userOfToken: (token: string) => Promise<User | undefined>;
  /** The control plane's own identity and the authorities below which its certificates stand. */
  readonly self: () => { readonly identity: string; readonly authorities: readonly X509Certificate[] };
  readonly nowMs: () => number;
}

/** Rejects with WEFT-API-01 where nobody is named, and with the API server's error where it cannot be asked. */
export async function authenticate(request: IncomingMessage, options: AuthenticateOptions): Promise<Caller> {
  const { socket } = request;
  const certificate = socket instanceof TLSSocket ? verifiedCertificate(socket) : undefined;
  const nowMs = options.nowMs();
  const proxy = options.frontProxy();
  if (certificate !== undefined && proxy !== undefined && isFrontProxy(proxy, certificate, nowMs)) {
    const user = userOf(proxy, request.rawHeaders);
    if (user === undefined) throw unauthorized('The API server does not say for whom it asks.');
    return { kind: 'user', user };
  }
  const self = options.self();
  if (certificate !== undefined && hasIdentity(certificate, self.identity)) {
    const issuers = parseIssuers(request.headers[issuersHeader]);
    if (isIssuedBelow(certificate, self.authorities, nowMs, issuers)) return { kind: 'replica' };
  }
  const token = tokenIn(request.headers.authorization);
  if (token === undefined) throw unauthorized('There is no bearer token.');
  const user = await options.userOfToken(token);
  if (user === undefined) throw unauthorized('The API server does not accept the bearer token.');
  return { kind: 'user', user };
}

/** Source: RFC 6750, section 2.1. */
function tokenIn(authorization: string | undefined): string | undefined {
  return /^Bearer ([A-Za-z0-9._~+/-]{1,16384}=*)$/i.exec(authorization ?? '')?.[1];
}
