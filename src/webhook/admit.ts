/** What the webhook answers to one request, as functions without any server around them. */

import type { V1Pod } from '@kubernetes/client-node';
import { WeftError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import { group } from '../base/names.ts';
import { decide } from './inject/decide.ts';
import { injectPod, type PreparedInjection } from './inject/inject.ts';
import { formatPatch } from './inject/patch.ts';
import type { AdmissionRequest, Verdict } from './review.ts';
import { validateChange } from './validate/validate.ts';

export interface InjectionInputs {
  readonly injection: PreparedInjection;
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
}

/** The verdict on the creation of a pod. Throws WeftError WEFT-HOOK-02 where the request is about anything else. */
export function admitPod(request: AdmissionRequest, inputs: InjectionInputs): Verdict {
  const { kind, operation, subResource, namespace, object } = request;
  if (kind.group !== '' || kind.kind !== 'Pod') {
    throw new WeftError('WEFT-HOOK-02', `It is ${kind.kind}, not Pod.`, { field: 'request.kind' });
  }
  // An ephemeral container joins a pod that runs already, whose proxy stays as it is.
  if (operation !== 'CREATE' || subResource !== '') return { allowed: true, outcome: 'skipped' };
  if (object === undefined || !isPod(object)) {
    throw new WeftError('WEFT-HOOK-02', 'It has no list of containers.', { field: 'request.object.spec' });
  }
  const { injection, namespaceLabels } = inputs;
  const decision = decide({
    pod: object,
    namespace,
    namespaceLabels,
    controlPlaneNamespace: injection.context.controlPlane.namespace,
  });
  if (!decision.inject) {
    const { reason, refused, unexpected } = decision;
    const warnings = refused || !unexpected ? [] : [warning(reason)];
    return { allowed: !refused, outcome: refused ? 'refused' : 'skipped', reason, warnings };
  }
  const warnings = decision.warnings.map(warning);
  try {
    const { operations, knownJson } = injectPod(object, injection);
    if (operations.length === 0) return { allowed: true, outcome: 'unchanged', warnings };
    return { allowed: true, outcome: 'injected', patch: formatPatch(operations, knownJson), warnings };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    return { allowed: false, outcome: 'refused', reason: error, warnings };
  }
}

/**
 * The verdict on a change of one of Weft's own kinds. Throws WeftError WEFT-HOOK-02 where the request is about another
 * kind, which the webhook configuration should not have sent.
 */
export function admitChange(request: AdmissionRequest): Verdict {
  const { kind, object, oldObject } = request;
  for (const [field, value] of [['object', object] as const, ['oldObject', oldObject] as const]) {
    if (value === undefined || isObject(value['spec'])) continue;
    throw new WeftError('WEFT-HOOK-02', 'It has no spec.', { field: `request.${field}` });
  }
  const findings = kind.group === group ? validateChange(kind.kind, { object, old: oldObject }) : undefined;
  if (findings === undefined) {
    throw new WeftError('WEFT-HOOK-02', `${kind.kind} is not validated here.`, { field: 'request.kind' });
  }
  const { refusal } = findings;
  const warnings = findings.warnings.map((finding) => finding.describe());
  if (refusal !== undefined) return { allowed: false, outcome: 'refused', reason: refusal, warnings };
  return { allowed: true, outcome: 'accepted', warnings };
}

/** Lists whose elements are all objects are what the rest relies on; their fields the API server checks itself. */
function isPod(object: Readonly<Record<string, unknown>>): object is V1Pod & Record<string, unknown> {
  const { spec } = object;
  if (!isObject(spec) || !Array.isArray(spec['containers'])) return false;
  const lists = [spec['containers'], spec['initContainers'], spec['volumes']];
  return lists.every(
    (list) => list === undefined || list === null || (Array.isArray(list) && list.every(isObject)),
  );
}

/** The API server cuts long warnings off; the remedy is in the documentation of the code. */
function warning(reason: WeftError): string {
  return `${reason.code}: ${reason.message}`;
}
