/** Whether a Gateway can be accepted as a whole: the parameters and addresses it asks for. */

import { isIP } from 'node:net';
import type { Read } from '../../graph/types.ts';
import type { Condition } from '../gateway-model.ts';
import type { MeshSources } from '../sources.ts';
import { classParameters } from './classes.ts';
import type { GatewaySource } from './sources.ts';

type Problem = Pick<Condition, 'reason' | 'message'>;

/** Of the class; what the Gateway's own parameters say, and whether they exist, is judged where they are carried out. */
export function parametersProblem(
  { className }: GatewaySource,
  sources: MeshSources,
  read: Read,
): Problem | undefined {
  if (read(sources.gatewayClasses, className)?.parametersRef === undefined) return undefined;
  return { reason: 'InvalidParameters', message: `GatewayClass ${className}: ${classParameters}` };
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
