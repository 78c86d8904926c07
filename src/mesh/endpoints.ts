/** The endpoints of each service port, merged from the slices of its Service. */

import type { Collection, GraphApi } from '../graph/types.ts';
import type { Endpoint, ServiceEndpoints, ServicePort } from './model.ts';
import type { AddressFamily, EndpointSliceSource, MeshSources, SliceEndpoint } from './sources.ts';
import { type PodProofs, proofOf } from './workloads.ts';

export function deriveEndpoints(
  graph: GraphApi,
  sources: MeshSources,
  servicePorts: Collection<ServicePort>,
  proofs: PodProofs,
): Collection<ServiceEndpoints> {
  const slicesByService = graph.index('slicesByService', sources.endpointSlices, ({ service }) => [service]);
  const families = graph.derive('serviceFamilies', sources.services, (_, { primaryFamily }) => primaryFamily);
  return graph.derive('endpoints', servicePorts, (_, port, read) => {
    const { namespace, service } = port;
    const key = `${namespace}/${service}`;
    const slices = (read(slicesByService, key) ?? []).map(({ value }) => value);
    const endpoints = mergeSlices(slices, port, read(families, key) ?? 'IPv4').map(
      (endpoint): Endpoint =>
        endpoint.pod === undefined ? endpoint : { ...endpoint, ...proofOf(endpoint.pod, proofs, read) },
    );
    const found = new Set(endpoints.flatMap(({ identity }) => identity ?? []));
    return { endpoints, identities: [...found].sort() };
  });
}

interface Candidate {
  readonly source: SliceEndpoint;
  readonly port: number;
  readonly family: AddressFamily;
}

/**
 * The ready endpoints of one port, or those that still serve while terminating where none is ready (as
 * kube-proxy does), in ascending order of address and port. A pod that is listed with addresses of both
 * families is one endpoint, by the Service's primary family, so that it does not get two shares.
 */
export function mergeSlices(
  slices: readonly EndpointSliceSource[],
  { portName, protocol }: Pick<ServicePort, 'portName' | 'protocol'>,
  primary: AddressFamily,
): readonly Endpoint[] {
  const candidates = slices.flatMap(({ ports, udpPorts = [], endpoints, family }): readonly Candidate[] => {
    const port = (protocol === 'udp' ? udpPorts : ports).find(({ name }) => name === portName)?.port;
    return port === undefined ? [] : endpoints.map((source) => ({ source, port, family }));
  });
  const ready = candidates.filter(({ source }) => source.ready);
  const usable = ready.length > 0 ? ready : candidates.filter(({ source }) => source.draining);
  const inPrimary = new Set(
    usable.filter(({ family }) => family === primary).flatMap(({ source }) => source.pod ?? []),
  );
  const distinct = new Map<string, Endpoint>();
  for (const { source, port, family } of usable) {
    const { address, zone, pod } = source;
    if (family !== primary && pod !== undefined && inPrimary.has(pod)) continue;
    // While an endpoint moves from one slice to another it may be in both.
    distinct.set(`${address} ${port}`, { address, port, zone, ...(pod === undefined ? {} : { pod }) });
  }
  return [...distinct.values()].sort(byAddressAndPort);
}

function byAddressAndPort(a: Endpoint, b: Endpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.port - b.port;
}
