/** Issues certificates. Immutable: when the material changes, a new Authority takes the old one's place. */

import type { Clock } from '../base/clock.ts';
import { WeftError } from '../base/errors.ts';
import type { WorkloadSubject } from '../base/signals.ts';
import {
  type AuthorityMaterial,
  backdateMs,
  generateKey,
  keyPem,
  type LoadedMaterial,
  loadMaterial,
  publicKeyDer,
} from './material.ts';
import { emptyName, encodeCertificate, leafExtensions, toPem, wholeSeconds, workloadName } from './x509.ts';

export interface AuthorityCertificate {
  /** Hexadecimal, upper case. */
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` writes it. */
  readonly fingerprint: string;
}

export interface IssuedLeaf {
  /** Hexadecimal, upper case. */
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** PEM: the leaf, then the intermediate; the root is what the other side already has. */
  readonly chain: string;
}

export interface WorkloadOptions {
  /** SubjectPublicKeyInfo, DER, of an ECDSA P-256 key whose possession was proven. */
  readonly publicKey: Uint8Array;
  /** SPIFFE ID. */
  readonly identity: string;
  /** What other proxies are told of it beside; no decision rests on this. */
  readonly subject?: WorkloadSubject;
  /** From notBefore (a minute ago) to notAfter; cut where the intermediate ends. */
  readonly lifetimeMs: number;
}

export interface ServingOptions {
  readonly dnsNames: readonly string[];
  /** SPIFFE ID of the control plane. */
  readonly uri: string;
  readonly lifetimeMs: number;
}

interface Names {
  readonly dnsNames: readonly string[];
  readonly uri: string;
  readonly subject?: WorkloadSubject | undefined;
}

export class Authority {
  readonly #loaded: LoadedMaterial;
  readonly #clock: Clock;
  readonly root: AuthorityCertificate;
  readonly intermediate: AuthorityCertificate;
  /** PEM of every root that a peer may be trusted by. */
  readonly trustBundle: string;

  /** Throws WEFT-CA-01 where the material is incomplete or does not fit together. */
  constructor(material: Readonly<Partial<AuthorityMaterial>>, clock: Clock) {
    this.#loaded = loadMaterial(material);
    this.#clock = clock;
    this.root = describe(this.#loaded.root);
    this.intermediate = describe(this.#loaded.intermediate);
    this.trustBundle = this.#loaded.rootPem;
  }

  /** A certificate for both sides of mutual TLS. Throws WEFT-CA-08 once the intermediate has expired. */
  issueWorkload(options: WorkloadOptions): IssuedLeaf {
    const { publicKey, identity, subject, lifetimeMs } = options;
    return this.#issue(publicKey, { dnsNames: [], uri: identity, subject }, lifetimeMs);
  }

  /** The same with a new key (PKCS#8 PEM), for a workload that nobody else makes one for. Throws WEFT-CA-08. */
  issueWorkloadWithKey(options: Omit<WorkloadOptions, 'publicKey'>): IssuedLeaf & { readonly key: string } {
    const key = generateKey();
    return { ...this.issueWorkload({ ...options, publicKey: publicKeyDer(key) }), key: keyPem(key) };
  }

  /** A certificate of the control plane itself, with a new key (PKCS#8 PEM) that exists only in memory. */
  issueServing(options: ServingOptions): IssuedLeaf & { readonly key: string } {
    const key = generateKey();
    const leaf = this.#issue(
      publicKeyDer(key),
      { dnsNames: options.dnsNames, uri: options.uri },
      options.lifetimeMs,
    );
    return { ...leaf, key: keyPem(key) };
  }

  #issue(publicKey: Uint8Array, names: Names, lifetimeMs: number): IssuedLeaf {
    const nowMs = this.#clock.now();
    const notBeforeMs = wholeSeconds(nowMs - backdateMs);
    const notAfterMs = Math.min(notBeforeMs + wholeSeconds(lifetimeMs), this.intermediate.notAfterMs);
    if (notAfterMs <= nowMs) {
      throw new WeftError(
        'WEFT-CA-08',
        `The intermediate ends at ${new Date(this.intermediate.notAfterMs).toISOString()}.`,
      );
    }
    const { der, serial } = encodeCertificate(this.#loaded.issuer, {
      subject: names.subject === undefined ? emptyName : workloadName(names.subject),
      publicKey,
      notBeforeMs,
      notAfterMs,
      extensions: leafExtensions(names, names.subject !== undefined),
    });
    const chain = toPem('CERTIFICATE', der) + this.#loaded.intermediatePem;
    return { chain, serial, notBeforeMs, notAfterMs };
  }
}

function describe(certificate: LoadedMaterial['root']): AuthorityCertificate {
  return {
    serial: certificate.serialNumber,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    fingerprint: certificate.fingerprint256,
  };
}
