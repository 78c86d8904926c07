/** What can go wrong between Weft and the Kubernetes API, as coded errors. */

import { defineErrors, WeftError } from '../base/errors.ts';

export const kubeErrors = defineErrors({
  'WEFT-KUBE-01': {
    title: 'The Kubernetes API server cannot be reached.',
    remedy: 'Check the address in the kubeconfig, the network and the certificate authority.',
  },
  'WEFT-KUBE-02': {
    title: 'The Kubernetes API server refuses Weft.',
    remedy: 'Check the credentials, and the ClusterRole of the chart against this verb and resource.',
  },
  'WEFT-KUBE-03': {
    title: 'The Kubernetes API server rejects a request.',
    remedy: 'The message says which object and why; another writer or an admission rule may be the cause.',
  },
  'WEFT-KUBE-04': {
    title: 'The Kubernetes API server cannot answer at the moment.',
    remedy: 'Weft retries by itself; if it lasts, look at the load and the health of the API server.',
  },
  'WEFT-KUBE-05': {
    title: 'The kubeconfig cannot be used.',
    remedy: 'Name a readable kubeconfig and an existing context, or run inside a cluster.',
  },
  'WEFT-KUBE-06': {
    title: 'The answer is not one of a Kubernetes API server.',
    remedy: 'Check that the address is that of an API server and that no proxy answers in its place.',
  },
});

export interface KubeErrorOptions {
  /** HTTP status; 0 where there was no response. */
  readonly status: number;
  /** Status reason of the API (`NotFound`, `Conflict`, ...), or the system's error code (`ECONNREFUSED`). */
  readonly reason: string;
  readonly retryAfterSeconds?: number;
  /** What the server said, without the request. */
  readonly words?: string;
  readonly cause?: unknown;
}

/** A request to the API that failed. The message names verb and path, never a header, a body or a token. */
export class KubeError extends WeftError {
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  readonly words: string;

  constructor(code: keyof typeof kubeErrors, detail: string, options: KubeErrorOptions) {
    super(code, detail, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'KubeError';
    this.status = options.status;
    this.reason = options.reason;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.words = options.words ?? '';
  }
}

export function isKubeError(error: unknown, status?: number): error is KubeError {
  return error instanceof KubeError && (status === undefined || error.status === status);
}

const longestDetail = 1000;

/** The fields of a metav1.Status that matter here. */
export interface Status {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly retryAfterSeconds?: number };
}

/**
 * The error for a response that is not a success. `request` is verb and path. The server's own words are left
 * out where they may quote a Secret.
 */
export function errorOfStatus(
  request: string,
  httpStatus: number,
  status: Status | undefined,
  retryAfterSeconds?: number,
): KubeError {
  const code = httpStatus || status?.code || 0;
  const reason = status?.reason ?? (status === undefined ? 'Unrecognized' : 'Unknown');
  const words = request.includes('/secrets') ? reason : (status?.message ?? reason);
  const after = retryAfterSeconds ?? status?.details?.retryAfterSeconds;
  return new KubeError(codeOf(code, status), sentence(`${request}: ${code} ${words}`), {
    status: code,
    reason,
    words,
    ...(after === undefined ? {} : { retryAfterSeconds: after }),
  });
}

function codeOf(status: number, body: Status | undefined): keyof typeof kubeErrors {
  if (status === 401 || status === 403) return 'WEFT-KUBE-02';
  if (status === 429 || status >= 500) return 'WEFT-KUBE-04';
  return body === undefined ? 'WEFT-KUBE-06' : 'WEFT-KUBE-03';
}

/** The error for a request that got no response: connection, TLS, timeout. */
export function errorOfTransport(request: string, cause: unknown): KubeError {
  const code = (cause as { code?: unknown } | null)?.code;
  const reason = typeof code === 'string' ? code : 'NoResponse';
  const words = cause instanceof Error ? cause.message : String(cause);
  return new KubeError('WEFT-KUBE-01', sentence(`${request}: ${words}`), { status: 0, reason, cause });
}

/** Of bounded length and with one full stop, since the remedy follows it. */
function sentence(text: string): string {
  return `${text.slice(0, longestDetail).replace(/[.\s]+$/, '')}.`;
}
