/** For tests: gateways written to the sources of a mesh made by hand. */

import type { Collection, GraphApi, Source } from '../../graph/types.ts';
import type { Gateway, GatewayListener, GatewayModel, ListenerTLS } from '../../mesh/gateway-model.ts';
import { type TestMesh, testMesh } from './testing.ts';

type Sources = { readonly [name in keyof GatewayModel]: Source<ValueOf<GatewayModel[name]>> };
type ValueOf<C> = C extends Collection<infer V> ? V : never;

export interface TestGateways extends TestMesh {
  readonly gateway: Sources;
}

/** The mesh of `testMesh`, whose collections about gateways are sources. */
export function testGateways(graph: GraphApi): TestGateways {
  const at = testMesh(graph);
  return { ...at, gateway: at.mesh.gateway as Sources };
}

/** A listener as tests write it: `name` becomes a part of its key. */
export interface TestListener extends Omit<GatewayListener, 'key'> {
  readonly name: string;
}

/** `gateway` is `namespace/name`; ports are tcp unless they say otherwise. */
export function testGateway(
  gateway: string,
  ports: readonly {
    readonly port: number;
    readonly transport?: 'tcp' | 'udp';
    readonly listeners: readonly TestListener[];
  }[],
): Gateway {
  const [namespace = '', name = ''] = gateway.split('/');
  return {
    namespace,
    name,
    ports: ports.map(({ port, transport = 'tcp', listeners }) => ({
      port,
      transport,
      listeners: listeners.map(({ name: section, ...listener }) => ({
        key: `${gateway}/${section}`,
        ...listener,
      })),
    })),
  };
}

export function terminate(...certificates: readonly string[]): ListenerTLS {
  return { mode: 'Terminate', certificates };
}
