/**
 * Requests that the API server of Kubernetes passes on: it has found out who asks and says so in headers. Only a client
 * with its certificate may say that. Which authority signs it, which names it may have and what the headers are called
 * stands in ConfigMap kube-system/extension-apiserver-authentication.
 *
 * Source: Kubernetes, "Configure the aggregation layer"; apiserver's headerrequest authenticator.
 */

import type { X509Certificate } from 'node:crypto';
import type { User } from '../kube/user-review.ts';
import { certificatesIn, isIssuedBelow, subjectAttribute } from './client-certificate.ts';

export const frontProxyConfigMap = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };

export interface FrontProxy {
  /** PEM, for the TLS server: it tells clients below which authorities it knows them. */
  readonly authorities: string;
  readonly certificates: readonly X509Certificate[];
  /** Common names; empty for any. */
  readonly allowedNames: readonly string[];
  /** In lower case, the first that is there counts. */
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
}

/** Undefined where the cluster has no aggregation layer: nobody signs such certificates. Throws where what stands there is broken. */
export function parseFrontProxy(data: Readonly<Record<string, string>>): FrontProxy | undefined {
  const authorities = data['requestheader-client-ca-file'];
  if (authorities === undefined || authorities.trim() === '') return undefined;
  const certificates = certificatesIn(authorities);
  const names = (key: string): readonly string[] => list(data[key]).map((name) => name.toLowerCase());
  const usernameHeaders = names('requestheader-username-headers');
  if (certificates.length === 0 || usernameHeaders.length === 0) return undefined;
  return {
    authorities: certificates.map((certificate) => certificate.toString()).join('\n'),
    certificates,
    allowedNames: list(data['requestheader-allowed-names']),
    usernameHeaders,
    uidHeaders: names('requestheader-uid-headers'),
    groupHeaders: names('requestheader-group-headers'),
    extraPrefixes: names('requestheader-extra-headers-prefix'),
  };
}

/**
 * Whether this is the certificate with which the API server passes requests on. One of the authorities must have signed it
 * itself, as they do: what the API server might send of others cannot be seen (see client-certificate.ts).
 */
export function isFrontProxy(proxy: FrontProxy, certificate: X509Certificate, nowMs: number): boolean {
  const name = subjectAttribute(certificate, 'CN');
  const isAllowed = proxy.allowedNames.length === 0 || proxy.allowedNames.includes(name ?? '');
  return isAllowed && isIssuedBelow(certificate, proxy.certificates, nowMs);
}

/** Who asks, by the headers; undefined where they name nobody. Only to be believed of the API server itself. */
export function userOf(proxy: FrontProxy, rawHeaders: readonly string[]): User | undefined {
  const values = pairs(rawHeaders);
  const username = first(values, proxy.usernameHeaders);
  if (username === undefined) return undefined;
  const groups = proxy.groupHeaders.flatMap((header) => values.get(header) ?? []);
  const extra: Record<string, readonly string[]> = {};
  for (const prefix of proxy.extraPrefixes) {
    for (const [header, all] of values) {
      if (!header.startsWith(prefix) || header.length === prefix.length) continue;
      const key = unescaped(header.slice(prefix.length));
      extra[key] = [...(extra[key] ?? []), ...all];
    }
  }
  return { username, uid: first(values, proxy.uidHeaders) ?? '', groups, extra };
}

/** Every value of every header: Node joins those of repeated ones, and names of groups may contain commas. */
function pairs(rawHeaders: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    // Node reads headers as Latin-1, the API server writes UTF-8.
    const value = Buffer.from(rawHeaders[index + 1] ?? '', 'latin1').toString('utf8');
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

function first(values: ReadonlyMap<string, readonly string[]>, names: readonly string[]): string | undefined {
  return names.map((name) => values.get(name)?.[0]).find((value) => value !== undefined && value !== '');
}

/** Keys of extras are percent-encoded in header names. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** These values are JSON lists of strings. */
function list(json: string | undefined): readonly string[] {
  if (json === undefined) return [];
  const parsed: unknown = JSON.parse(json);
  return Array.isArray(parsed) ? parsed.filter((one) => typeof one === 'string') : [];
}
