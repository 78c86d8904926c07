/** Whether a Gateway can be accepted as a whole: the parameters and addresses it asks for. */

import { isIP } from 'node:net';
import { group } from '../../base/names.ts';
import type { Read } from '../../graph/types.ts';
import type { Condition } from '../gateway-model.ts';
import type { MeshSources } from '../sources.ts';
import { classParameters } from './classes.ts';
import type { GatewaySource } from './sources.ts';

type Problem = Pick<Condition, 'reason' | 'message'>;

/** Of the class, and of the Gateway itself: they may only be GatewayParameters of its own namespace. */
export function parametersProblem(
  { namespace, spec, className }: GatewaySource,
  sources: MeshSources,
  read: Read,
): Problem | undefined {
  if (read(sources.gatewayClasses, className)?.parametersRef !== undefined) {
    return { reason: 'InvalidParameters', message: `GatewayClass ${className}: ${classParameters}` };
  }
  const ref = spec.infrastructure?.parametersRef;
  if (ref === undefined) return undefined;
  const field = 'spec.infrastructure.parametersRef';
  if (ref.group !== group || ref.kind !== 'GatewayParameters') {
    const message = `${field}: ${ref.group}/${ref.kind} is not supported; ${group}/GatewayParameters is`;
    return { reason: 'InvalidParameters', message };
  }
  if (read(sources.gatewayParameters, `${namespace}/${ref.name}`) !== undefined) return undefined;
  const message = `${field}: there is no GatewayParameters ${namespace}/${ref.name}`;
  return { reason: 'InvalidParameters', message };
}

/** Addresses of types or forms that can never be assigned; whether one is free only the cluster can tell. */
export function addressProblem({ spec }: GatewaySource): Problem | undefined {
  for (const { type = 'IPAddress', value = '' } of spec.addresses ?? []) {
    if (type !== 'IPAddress') {
      return { reason: 'UnsupportedAddress', message: `addresses of type ${type} are not supported` };
    }
    if (value !== '' && isIP(value) === 0) {
      return { reason: 'UnsupportedAddress', message: `${value} is not an IP address` };
    }
  }
  return undefined;
}
