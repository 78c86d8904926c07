/** Services by port, and which of them answers at an address. */

import type { Collection, GraphApi, Index } from '../graph/types.ts';
import { destinationKey, servicePortKey } from './addresses.ts';
import type { ServicePort } from './model.ts';
import { protocolOf } from './protocol.ts';
import type { MeshSources, ServiceSource } from './sources.ts';

export function deriveServicePorts(graph: GraphApi, { services }: MeshSources): Collection<ServicePort> {
  return graph.expand('servicePorts', services, (_, service) =>
    service.ports.map((port) => [
      servicePortKey(service.namespace, service.name, port.port),
      servicePort(service, port),
    ]),
  );
}

function servicePort(service: ServiceSource, port: ServiceSource['ports'][number]): ServicePort {
  return {
    namespace: service.namespace,
    service: service.name,
    port: port.port,
    portName: port.name,
    protocol: protocolOf(port),
    addresses: service.addresses,
    headless: service.headless,
  };
}

/** ServicePorts by destination key. More than one only for the moment in which an address changes hands. */
export function indexFrontends(graph: GraphApi, servicePorts: Collection<ServicePort>): Index<ServicePort> {
  return graph.index('frontends', servicePorts, ({ addresses, port }) =>
    addresses.map((address) => destinationKey(address, port)),
  );
}
