/** What became of each GatewayClass of Weft's. */

import type { Collection, GraphApi } from '../../graph/types.ts';
import type { Condition, GatewayClassVerdict } from '../gateway-model.ts';
import type { MeshSources } from '../sources.ts';
import { supportedFeatures } from './features.ts';
import type { GatewayAPISource, GatewayClassSource } from './sources.ts';

/** Key in `MeshSources.gatewayAPI`: what tells which release of Gateway API the cluster has. */
export const releaseDefinition = 'gatewayclasses.gateway.networking.k8s.io';

/** Minor releases whose objects mean to Weft what they mean to Gateway API. */
const supportedMinors = ['v1.5', 'v1.6', 'v1.7'];

export function deriveGatewayClassVerdicts(
  graph: GraphApi,
  sources: MeshSources,
): Collection<GatewayClassVerdict> {
  return graph.derive('gatewayClassVerdicts', sources.gatewayClasses, (_, gatewayClass, read) => {
    if (!gatewayClass.ours) return undefined;
    const release = read(sources.gatewayAPI, releaseDefinition);
    return {
      generation: gatewayClass.generation,
      conditions: [accepted(gatewayClass), supportedVersion(release)],
      supportedFeatures: supportedFeatures({
        experimental: release?.channel === 'experimental',
        serves: (kind) => read(sources.missingKinds, kind) === undefined,
      }),
    };
  });
}

function accepted({ parametersRef }: GatewayClassSource): Condition {
  if (parametersRef === undefined) {
    return { type: 'Accepted', status: true, reason: 'Accepted', message: 'the class is accepted' };
  }
  return { type: 'Accepted', status: false, reason: 'InvalidParameters', message: classParameters };
}

export const classParameters =
  'spec.parametersRef: parameters of a whole class are not supported; a Gateway names its own in spec.infrastructure.parametersRef';

function supportedVersion(release: GatewayAPISource | undefined): Condition {
  const version = release?.bundleVersion ?? '';
  const type = 'SupportedVersion';
  if (supportedMinors.some((minor) => version.startsWith(`${minor}.`))) {
    return { type, status: true, reason: type, message: `Gateway API ${version} is supported` };
  }
  const installed = version === '' ? 'of a release that its definitions do not tell' : version;
  const message = `Gateway API ${installed} is installed; ${supportedMinors.join(', ')} are supported, others as far as they are alike`;
  return { type, status: false, reason: 'UnsupportedVersion', message };
}
