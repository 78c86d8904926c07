/** What the status of a Gateway and of a ListenerSet should say. Pure: verdict and readiness in, status out. */

import { mergeConditions } from '../kube/status.ts';
import type { Condition as KubeCondition } from '../kube/types.ts';
import type {
  Condition,
  GatewayVerdict,
  ListenerSetVerdict,
  ListenerVerdict,
} from '../mesh/gateway-model.ts';
import type { GatewayReadiness, PortState } from './gateway-readiness.ts';

/** `status` as far as what was written before matters to what is written next. */
export interface PreviousStatus {
  readonly conditions?: readonly KubeCondition[];
  readonly listeners?: readonly { readonly name: string; readonly conditions?: readonly KubeCondition[] }[];
}

/** Conditions as Kubernetes has them. */
export function kubeConditions(
  conditions: readonly Condition[],
  generation: number,
  previous: readonly KubeCondition[] | undefined,
  nowMs: number,
): readonly KubeCondition[] {
  const next = conditions.map(
    ({ type, status, reason, message }): KubeCondition => ({
      type,
      status: status ? 'True' : 'False',
      reason,
      // The schema of a condition allows no more.
      message: message.slice(0, 32_768),
      observedGeneration: generation,
    }),
  );
  return mergeConditions(previous, next, nowMs);
}

/** `key` is that of the Gateway. */
export function gatewayStatus(
  key: string,
  verdict: GatewayVerdict,
  readiness: GatewayReadiness,
  previous: PreviousStatus,
  nowMs: number,
): object {
  const conditions = withParameters(verdict.conditions, readiness.parameters);
  const listeners = verdict.listeners.map((listener) => ({
    ...listener,
    conditions: completed(listener.conditions, () =>
      listenerProgrammed(readiness.listeners[`${key}/${listener.name}`]),
    ),
  }));
  return {
    addresses: readiness.addresses.assigned,
    conditions: kubeConditions(
      completed(conditions, () => gatewayProgrammed(conditions, readiness)),
      verdict.generation,
      previous.conditions,
      nowMs,
    ),
    listeners: listeners.map((listener) => listenerStatus(listener, verdict.generation, previous, nowMs)),
    // Releases of Gateway API without ListenerSets do not know the field, and would refuse all of the status.
    ...(verdict.attachedListenerSets === 0 ? {} : { attachedListenerSets: verdict.attachedListenerSets }),
  };
}

/** `key` is that of the ListenerSet; `readiness` that of its Gateway, absent where that is not Weft's any more. */
export function listenerSetStatus(
  key: string,
  verdict: ListenerSetVerdict,
  readiness: GatewayReadiness | undefined,
  previous: PreviousStatus,
  nowMs: number,
): object {
  const listeners = verdict.listeners.map((listener) => ({
    ...listener,
    conditions: completed(listener.conditions, () =>
      listenerProgrammed(readiness?.listeners[`${verdict.gateway}/${key}/${listener.name}`]),
    ),
  }));
  const accepted = verdict.conditions.find(({ type }) => type === 'Accepted');
  return {
    conditions: kubeConditions(
      completed(verdict.conditions, () => setProgrammed(accepted, listeners)),
      verdict.generation,
      previous.conditions,
      nowMs,
    ),
    listeners: listeners.map((listener) => listenerStatus(listener, verdict.generation, previous, nowMs)),
  };
}

function listenerStatus(
  { name, supportedKinds, attachedRoutes, conditions }: ListenerVerdict,
  generation: number,
  previous: PreviousStatus,
  nowMs: number,
): object {
  const before = previous.listeners?.find((listener) => listener.name === name)?.conditions;
  return {
    name,
    supportedKinds,
    attachedRoutes,
    conditions: kubeConditions(conditions, generation, before, nowMs),
  };
}

/** What is wrong about the parameters comes on top of what objects of Gateway API alone decide. */
function withParameters(conditions: readonly Condition[], problem: string | undefined): readonly Condition[] {
  if (problem === undefined) return conditions;
  return conditions.map((condition) =>
    condition.type === 'Accepted' && condition.status
      ? { ...condition, status: false, reason: 'InvalidParameters', message: problem }
      : condition,
  );
}

/** Where the objects alone already say that something cannot be programmed, they say why as well. */
function completed(conditions: readonly Condition[], programmed: () => Condition): readonly Condition[] {
  return conditions.some(({ type }) => type === 'Programmed') ? conditions : [...conditions, programmed()];
}

function programmed(status: boolean, reason: string, message: string): Condition {
  return { type: 'Programmed', status, reason, message };
}

const rejection = (message: string): string =>
  `WEFT-XDS-10: Envoy rejects what this becomes; the last good version stays in force. Envoy says: ${message}`;

function listenerProgrammed(state: PortState | undefined): Condition {
  if (state === undefined) return programmed(false, 'Invalid', 'The listener is not served.');
  if (state.kind === 'rejected') return programmed(false, 'Invalid', rejection(state.message));
  if (state.kind === 'pending') return programmed(false, 'Pending', 'The proxies are still to get it.');
  return programmed(true, 'Programmed', 'The proxies serve it.');
}

/** The first thing that is not as it should be, in the order in which a person would have to mend it. */
function gatewayProgrammed(conditions: readonly Condition[], readiness: GatewayReadiness): Condition {
  const { addresses, readyProxies, listeners, problem } = readiness;
  const accepted = conditions.find(({ type }) => type === 'Accepted');
  if (accepted?.status !== true) return programmed(false, 'Invalid', 'The Gateway is not accepted.');
  if (problem !== undefined) return programmed(false, 'NoResources', problem);
  const states = Object.values(listeners);
  if (states.length === 0) return programmed(false, 'Invalid', 'No listener can be served.');
  if (addresses.missing.length > 0) {
    const message = `Not assigned to the Service of the Gateway: ${addresses.missing.join(', ')}.`;
    return programmed(false, 'AddressNotUsable', message);
  }
  if (addresses.assigned.length === 0) {
    return programmed(false, 'AddressNotAssigned', 'The Service of the Gateway has no address yet.');
  }
  const rejected = states.find((state) => state.kind === 'rejected');
  if (rejected !== undefined) return programmed(false, 'Invalid', rejection(rejected.message));
  if (readyProxies === 0) return programmed(false, 'Pending', 'No proxy of the Gateway is ready.');
  if (states.some(({ kind }) => kind === 'pending')) {
    return programmed(false, 'Pending', 'The proxies are still to get the latest listeners.');
  }
  return programmed(true, 'Programmed', 'The proxies serve the Gateway.');
}

function setProgrammed(
  accepted: Condition | undefined,
  listeners: readonly { readonly conditions: readonly Condition[] }[],
): Condition {
  if (accepted?.status !== true) {
    return programmed(false, accepted?.reason ?? 'Pending', accepted?.message ?? 'It is not judged yet.');
  }
  const states = listeners.flatMap(({ conditions }) =>
    conditions.filter(({ type }) => type === 'Programmed'),
  );
  if (states.some(({ status }) => status)) {
    return programmed(true, 'Programmed', 'The proxies of the Gateway serve it.');
  }
  return (
    states.find(({ reason }) => reason === 'Pending') ??
    programmed(false, 'Invalid', 'No listener is served.')
  );
}
