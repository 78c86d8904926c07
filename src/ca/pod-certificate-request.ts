/**
 * What to answer a PodCertificateRequest (certificates.k8s.io/v1, KEP-4317). Pure. An answer is final for the
 * pod's life, so a denial is for what can never become right; on anything that may pass, the request waits.
 */

import { WeftError } from '../base/errors.ts';
import { signerName } from '../base/names.ts';
import { subjectOf } from '../base/signals.ts';
import { formatIdentity } from '../base/spiffe.ts';
import type { Condition, KubeObject } from '../kube/types.ts';
import type { Authority, IssuedLeaf } from './authority.ts';
import { type CertificateRequest, readCertificateRequest } from './request.ts';

/** The fields that are read; the API server guarantees the rest. */
export interface PodCertificateRequest extends KubeObject {
  readonly spec: {
    readonly signerName: string;
    readonly podName: string;
    readonly podUID: string;
    readonly serviceAccountName: string;
    /** 3600 to 7862400; the API server defaults it to 86400. */
    readonly maxExpirationSeconds?: number;
    /** PKCS#10, DER in base64. */
    readonly stubPKCS10Request?: string;
    readonly unverifiedUserAnnotations?: Readonly<Record<string, string>>;
  };
  readonly status?: PodCertificateRequestStatus;
}

export interface PodCertificateRequestStatus {
  readonly conditions?: readonly Condition[];
  readonly certificateChain?: string;
  /** RFC 3339, whole seconds, as the three below. */
  readonly notBefore?: string;
  readonly beginRefreshAt?: string;
  readonly notAfter?: string;
}

/** What the mesh knows of the pod that a request names. */
export interface RequestingPod {
  readonly uid: string;
  readonly serviceAccount: string;
  /** `namespace/kind/name` of what owns it. */
  readonly workload: string;
  readonly version: string;
}

export interface AnswerContext {
  readonly authority: Authority;
  readonly trustDomain: string;
  /** How long certificates live where the pod does not ask for less. */
  readonly lifetimeMs: number;
  readonly pod: RequestingPod | undefined;
  readonly nowMs: number;
}

export type Answer =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'deny'; readonly error: WeftError; readonly status: PodCertificateRequestStatus }
  | {
      readonly kind: 'issue';
      readonly identity: string;
      readonly leaf: IssuedLeaf;
      readonly status: PodCertificateRequestStatus;
    };

/** The API server accepts no shorter certificate. */
const minLifetimeMs = 3_600_000;
/** The API server accepts no refresh closer to either end. */
const refreshMarginMs = 600_000;

/** Reasons that Kubernetes gives a meaning, and ours. */
const denialReasons: Readonly<Record<string, string>> = {
  'WEFT-CA-02': 'InvalidRequest',
  'WEFT-CA-03': 'SubjectNotAllowed',
  'WEFT-CA-04': 'UnsupportedKeyType',
  'WEFT-CA-05': 'InvalidUnverifiedUserAnnotations',
  'WEFT-CA-06': 'ServiceAccountMismatch',
};

export function answerPodCertificateRequest(request: PodCertificateRequest, context: AnswerContext): Answer {
  if (request.spec.signerName !== signerName || isAnswered(request)) return { kind: 'ignore' };
  const { pod } = context;
  if (pod === undefined) return { kind: 'wait', why: 'the pod has not been seen yet' };
  // Made for a pod of the same name that is gone: garbage collection takes it away.
  if (pod.uid !== request.spec.podUID) return { kind: 'wait', why: 'another pod has this name now' };
  try {
    return issue(request, verifyRequest(request, pod), pod, context);
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    const reason = denialReasons[error.code];
    if (reason === undefined) return { kind: 'wait', why: error.describe() };
    return {
      kind: 'deny',
      error,
      status: { conditions: [condition('Denied', reason, error.describe(), context)] },
    };
  }
}

function isAnswered(request: PodCertificateRequest): boolean {
  return (request.status?.conditions ?? []).length > 0;
}

function verifyRequest(request: PodCertificateRequest, pod: RequestingPod): CertificateRequest {
  const { spec } = request;
  const annotations = Object.keys(spec.unverifiedUserAnnotations ?? {});
  if (annotations.length > 0) {
    throw new WeftError('WEFT-CA-05', `${annotations.sort().join(', ')} means nothing to ${signerName}.`, {
      field: 'spec.unverifiedUserAnnotations',
    });
  }
  // The kubelet is held to this by NodeRestriction; this is for whoever else may create requests.
  if (pod.serviceAccount !== spec.serviceAccountName) {
    throw new WeftError(
      'WEFT-CA-06',
      `The pod runs as ${pod.serviceAccount}, the request says ${spec.serviceAccountName}.`,
      { field: 'spec.serviceAccountName' },
    );
  }
  const read = readCertificateRequest(Buffer.from(spec.stubPKCS10Request ?? '', 'base64'));
  if (read.claimsSubject) {
    throw new WeftError('WEFT-CA-03', 'The request claims a subject.', { field: 'spec.stubPKCS10Request' });
  }
  return read;
}

function issue(
  request: PodCertificateRequest,
  read: CertificateRequest,
  pod: RequestingPod,
  context: AnswerContext,
): Answer {
  const { spec, metadata } = request;
  const identity = formatIdentity({
    trustDomain: context.trustDomain,
    namespace: metadata.namespace ?? '',
    serviceAccount: spec.serviceAccountName,
  });
  const lifetimeMs = Math.max(
    minLifetimeMs,
    Math.min(context.lifetimeMs, (spec.maxExpirationSeconds ?? 86_400) * 1000),
  );
  const leaf = context.authority.issueWorkload({
    publicKey: read.publicKey,
    identity,
    subject: subjectOf(pod.workload, pod.version),
    lifetimeMs,
  });
  if (leaf.notAfterMs - leaf.notBeforeMs < minLifetimeMs) {
    return { kind: 'wait', why: 'the intermediate ends within the hour and is about to be renewed' };
  }
  return {
    kind: 'issue',
    identity,
    leaf,
    status: {
      conditions: [condition('Issued', 'Issued', `Issued to ${identity}.`, context)],
      certificateChain: leaf.chain,
      notBefore: timestamp(leaf.notBeforeMs),
      beginRefreshAt: timestamp(refreshAt(leaf)),
      notAfter: timestamp(leaf.notAfterMs),
    },
  };
}

/** Two thirds into the lifetime: a third is left to ride out an outage of the control plane. */
function refreshAt(leaf: IssuedLeaf): number {
  const lifetimeMs = leaf.notAfterMs - leaf.notBeforeMs;
  const offsetMs = Math.min(Math.max((lifetimeMs * 2) / 3, refreshMarginMs), lifetimeMs - refreshMarginMs);
  return leaf.notBeforeMs + offsetMs;
}

function condition(type: string, reason: string, message: string, context: AnswerContext): Condition {
  return { type, status: 'True', reason, message, lastTransitionTime: timestamp(context.nowMs) };
}

function timestamp(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
