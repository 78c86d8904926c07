/** Services by port, and which of them answers at an address. */

import type { Collection, GraphApi, Index } from '../graph/types.ts';
import { destinationKey, servicePortKey } from './addresses.ts';
import type { ServicePort } from './model.ts';
import { protocolOf } from './protocol.ts';
import type { TrafficSettings } from './routes/traffic-policies.ts';
import type { MeshSources, ServiceSource } from './sources.ts';

/** TCP and UDP ports. `traffic` is keyed `namespace/name` of the Service. */
export function deriveServicePorts(
  graph: GraphApi,
  { services }: MeshSources,
  traffic: Collection<TrafficSettings>,
): Collection<ServicePort> {
  return graph.expand('servicePorts', services, (key, service, read) => {
    const { namespace, name, ports, udpPorts = [] } = service;
    const retryBudget = read(traffic, key)?.retryBudget;
    const budget = retryBudget === undefined ? {} : { retryBudget };
    return [
      ...ports.map((port) => {
        const value = { ...servicePort(service, port), protocol: protocolOf(port), ...budget };
        return [servicePortKey(namespace, name, port.port), value] as const;
      }),
      ...udpPorts.map((port) => {
        const value = { ...servicePort(service, port), protocol: 'udp' as const };
        return [servicePortKey(namespace, name, port.port, 'UDP'), value] as const;
      }),
    ];
  });
}

function servicePort(
  service: ServiceSource,
  port: { readonly name: string; readonly port: number },
): Omit<ServicePort, 'protocol'> {
  return {
    namespace: service.namespace,
    service: service.name,
    port: port.port,
    portName: port.name,
    addresses: service.addresses,
    headless: service.headless,
  };
}

/** TCP ServicePorts by destination key: sidecars redirect nothing else. More than one only for the moment in which an address changes hands. */
export function indexFrontends(graph: GraphApi, servicePorts: Collection<ServicePort>): Index<ServicePort> {
  return graph.index('frontends', servicePorts, ({ addresses, port, protocol }) =>
    protocol === 'udp' ? [] : addresses.map((address) => destinationKey(address, port)),
  );
}
