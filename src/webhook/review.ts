/** The AdmissionReview of admission.k8s.io/v1: what the API server asks, and what it is answered. */

import { WeftError } from '../base/errors.ts';
import './errors.ts';
import { isObject } from '../base/json.ts';

export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly operation: string;
  readonly namespace: string;
  readonly name: string;
  readonly subResource: string;
  readonly dryRun: boolean;
  /** The object as sent; undefined on deletion. */
  readonly object: Readonly<Record<string, unknown>> | undefined;
  readonly oldObject: Readonly<Record<string, unknown>> | undefined;
}

/** The verdict on one request, before it is written as an AdmissionReview. */
export interface Verdict {
  readonly allowed: boolean;
  /** One word for logs, metrics and the audit annotation. */
  readonly outcome: 'injected' | 'unchanged' | 'skipped' | 'accepted' | 'refused' | 'failed';
  /** JSON Patch as JSON text. */
  readonly patch?: string;
  /** Why not, or why nothing was done. */
  readonly reason?: WeftError;
  /** Shown to whoever made the request. */
  readonly warnings?: readonly string[];
}

const reviewVersion = 'admission.k8s.io/v1';

/** Throws WeftError WEFT-HOOK-02 with the path of what is missing or wrong. */
export function parseReview(body: unknown): AdmissionRequest {
  if (!isObject(body)) throw malformed('', 'The body is not an object.');
  if (body['apiVersion'] !== reviewVersion) throw malformed('apiVersion', `It is not ${reviewVersion}.`);
  if (body['kind'] !== 'AdmissionReview') throw malformed('kind', 'It is not AdmissionReview.');
  const request = body['request'];
  if (!isObject(request)) throw malformed('request', 'It is missing or not an object.');
  const { uid, kind, object, oldObject } = request;
  if (typeof uid !== 'string' || uid === '') throw malformed('request.uid', 'It is missing or empty.');
  if (!isObject(kind)) throw malformed('request.kind', 'It is missing or not an object.');
  return {
    uid,
    kind: { group: text(kind['group']), version: text(kind['version']), kind: text(kind['kind']) },
    operation: text(request['operation']),
    namespace: text(request['namespace']),
    name: text(request['name']),
    subResource: text(request['subResource']),
    dryRun: request['dryRun'] === true,
    object: optionalObject(object, 'request.object'),
    oldObject: optionalObject(oldObject, 'request.oldObject'),
  };
}

/** The answer as JSON text. The patch is by far the largest part and, being base64, needs no escaping. */
export function formatReview(uid: string, verdict: Verdict): string {
  const { allowed, outcome, patch, reason, warnings = [] } = verdict;
  const failed = outcome === 'failed';
  const response = {
    uid,
    allowed,
    ...(allowed || reason === undefined
      ? {}
      : {
          status: {
            code: failed ? 500 : 422,
            reason: failed ? 'InternalError' : 'Invalid',
            message: reason.describe(),
          },
        }),
    ...(warnings.length === 0 ? {} : { warnings }),
    auditAnnotations: {
      outcome,
      ...(reason === undefined ? {} : { code: reason.code, reason: reason.describe() }),
    },
  };
  const patched = patch === undefined ? '' : `,"patchType":"JSONPatch","patch":"${base64(patch)}"`;
  const head = JSON.stringify(response).slice(0, -1);
  return `{"apiVersion":"${reviewVersion}","kind":"AdmissionReview","response":${head}${patched}}}`;
}

/** Used again and again: nothing happens between writing and reading, and room for each patch would have to be cleared up. */
const scratch = Buffer.allocUnsafeSlow(256 * 1024);
const bytesPerCharacter = 3;

function base64(text: string): string {
  if (text.length * bytesPerCharacter > scratch.length) return Buffer.from(text).toString('base64');
  return scratch.toString('base64', 0, scratch.write(text));
}

function malformed(field: string, message: string): WeftError {
  return new WeftError('WEFT-HOOK-02', message, field === '' ? {} : { field });
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function optionalObject(value: unknown, field: string): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw malformed(field, 'It is not an object.');
  return value;
}
