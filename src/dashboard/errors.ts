/** What can be wrong with a question to the API. Every answer that is an error is a Status of Kubernetes with such a code. */

import { defineErrors, WeftError } from '../base/errors.ts';

export const apiServerErrors = defineErrors({
  'WEFT-API-01': {
    title: 'A question to the API does not say who asks.',
    remedy:
      'Ask through the API server of Kubernetes, with kubectl or the weft command, or send a bearer token that it accepts.',
  },
  'WEFT-API-02': {
    title: 'You may not ask this.',
    remedy:
      'Bind the ClusterRole weft-view, or weft-tap for live requests, in the namespace that you want to see.',
  },
  'WEFT-API-03': {
    title: 'The API has no such resource.',
    remedy: 'Ask /apis/observe.weft.dev/v1alpha1 for the list of those it has.',
  },
  'WEFT-API-04': {
    title: 'A parameter of a question to the API is unknown or impossible.',
    remedy: 'Correct the parameter that the message names; docs/observability/api.md lists all of them.',
  },
  'WEFT-API-05': {
    title: 'The API does not take this method there.',
    remedy: 'Use GET, or POST where docs/observability/api.md says so.',
  },
  'WEFT-API-06': {
    title: 'It cannot be found out who asks or what they may ask.',
    remedy: 'See that the API server of Kubernetes is well, and that the control plane may reach it.',
  },
  'WEFT-API-07': {
    title: 'The API failed on a question by a fault of its own.',
    remedy: 'Try again; if it persists, the log of the control plane has the cause.',
  },
  'WEFT-API-08': {
    title: 'There is no such object, or you may not see it.',
    remedy: 'Check the namespace and the name.',
  },
  'WEFT-API-09': {
    title: 'A proxy could not be asked.',
    remedy:
      'See that its pod runs, and that nothing keeps the control plane from port 15020 of it, such as a NetworkPolicy.',
  },
  'WEFT-API-10': {
    title: 'The question concerns more namespaces than can be looked up one by one.',
    remedy: 'Ask for one namespace at a time, or let somebody who may read the whole cluster ask.',
  },
});

export interface ApiErrorOptions {
  /** HTTP status. */
  readonly status: number;
  /** Reason of metav1.Status. */
  readonly reason: string;
  readonly field?: string;
  readonly cause?: unknown;
}

/** An answer that is an error. */
export class ApiError extends WeftError {
  readonly status: number;
  readonly reason: string;

  constructor(code: keyof typeof apiServerErrors, detail: string, options: ApiErrorOptions) {
    super(code, detail, {
      ...(options.field === undefined ? {} : { field: options.field }),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.name = 'ApiError';
    this.status = options.status;
    this.reason = options.reason;
  }
}

export function unauthorized(detail: string): ApiError {
  return new ApiError('WEFT-API-01', detail, { status: 401, reason: 'Unauthorized' });
}

export function forbidden(detail: string): ApiError {
  return new ApiError('WEFT-API-02', detail, { status: 403, reason: 'Forbidden' });
}

export function noSuchResource(path: string): ApiError {
  return new ApiError('WEFT-API-03', `${path} is not served.`, { status: 404, reason: 'NotFound' });
}

export function badParameter(field: string, detail: string): ApiError {
  return new ApiError('WEFT-API-04', detail, { status: 400, reason: 'BadRequest', field });
}

export function noSuchObject(detail: string): ApiError {
  return new ApiError('WEFT-API-08', detail, { status: 404, reason: 'NotFound' });
}

/** A Status of Kubernetes (metav1.Status). */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: string;
  readonly details: {
    readonly causes: readonly {
      readonly reason: string;
      readonly message: string;
      readonly field?: string;
    }[];
  };
  readonly code: number;
}

export function statusOf(error: WeftError, code: number, reason: string): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: error.describe(),
    reason,
    details: {
      causes: [
        {
          reason: error.code,
          message: error.message,
          ...(error.field === undefined ? {} : { field: error.field }),
        },
      ],
    },
    code,
  };
}
