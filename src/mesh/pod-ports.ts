/** What Services say about the ports of a pod: read from the slices, which have the pod's own port numbers. */

import type { Collection, GraphApi, Index } from '../graph/types.ts';
import type { MeshPod, Protocol, ServicePort } from './model.ts';
import type { EndpointSliceSource, MeshSources } from './sources.ts';

export interface PodPort {
  readonly port: number;
  readonly protocol: Protocol;
}

/** A slice without what changes with the readiness of its endpoints. */
interface SliceLayout {
  readonly service: string;
  readonly ports: EndpointSliceSource['ports'];
  readonly addresses: readonly string[];
}

/** By pod: the ports that some Service leads to, ascending. */
export function derivePodPorts(
  graph: GraphApi,
  sources: MeshSources,
  servicePorts: Collection<ServicePort>,
  pods: Collection<MeshPod>,
): Collection<readonly PodPort[]> {
  const layouts = graph.derive(
    'sliceLayouts',
    sources.endpointSlices,
    (_, { service, ports, endpoints }): SliceLayout => ({
      service,
      ports,
      addresses: endpoints.map(({ address }) => address),
    }),
  );
  const slicesByAddress = graph.index('slicesByAddress', layouts, ({ addresses }) => addresses);
  const byName: Index<ServicePort> = graph.index(
    'servicePortsByName',
    servicePorts,
    ({ namespace, service, portName }) => [`${namespace}/${service}/${portName}`],
  );
  const addressesOf = graph.derive('podAddresses', pods, (_, { addresses }) => addresses);
  return graph.derive('podPorts', addressesOf, (_, addresses, read) => {
    const protocols = new Map<number, Protocol>();
    for (const address of addresses) {
      for (const { value: slice } of read(slicesByAddress, address) ?? []) {
        for (const { name, port } of slice.ports) {
          const [servicePort] = read(byName, `${slice.service}/${name}`) ?? [];
          const protocol = servicePort?.value.protocol;
          if (protocol !== undefined) protocols.set(port, stronger(protocols.get(port), protocol));
        }
      }
    }
    const ports = [...protocols].map(([port, protocol]) => ({ port, protocol }));
    return ports.length === 0 ? undefined : ports.sort((a, b) => a.port - b.port);
  });
}

/** Where Services disagree on a port, the one that says most about it; `tcp` only where all do. */
const strength: readonly Protocol[] = ['tcp', 'detect', 'http', 'http2', 'grpc'];

function stronger(one: Protocol | undefined, other: Protocol): Protocol {
  if (one === undefined) return other;
  return strength.indexOf(one) >= strength.indexOf(other) ? one : other;
}
