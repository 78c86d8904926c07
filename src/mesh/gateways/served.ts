/** The judged Gateways as their proxies carry them out. */

import type { Collection, GraphApi } from '../../graph/types.ts';
import type { Certificate, Gateway, GatewayListener, GatewayPort } from '../gateway-model.ts';
import type { CheckedCertificate } from './certificates.ts';
import type { JudgedGateway } from './judge.ts';
import type { JudgedListener } from './judge-listener.ts';
import { bySpecificity } from './listeners.ts';

export function deriveGateways(graph: GraphApi, judged: Collection<JudgedGateway>): Collection<Gateway> {
  return graph.derive(
    'gatewaysServed',
    judged,
    (_, { namespace, name, listeners, sets, clientCertificate }) => ({
      namespace,
      name,
      ports: portsOf([...listeners, ...sets.flatMap((set) => set.listeners)]),
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
    }),
  );
}

function portsOf(listeners: readonly JudgedListener[]): readonly GatewayPort[] {
  const served = listeners.filter((listener) => listener.served);
  const places = Map.groupBy(served, ({ port, protocol }) => `${protocol === 'UDP' ? 'udp' : 'tcp'}:${port}`);
  return [...places.values()]
    .map((all): GatewayPort => {
      const [{ port, protocol } = { port: 0, protocol: undefined }] = all;
      const ordered = all.toSorted((a, b) => bySpecificity(a.hostname, b.hostname));
      return {
        port,
        transport: protocol === 'UDP' ? 'udp' : 'tcp',
        listeners: ordered.flatMap(servedListener),
      };
    })
    .sort((a, b) => a.port - b.port || (a.transport < b.transport ? -1 : 1));
}

function servedListener({ key, protocol, hostname, tls }: JudgedListener): readonly GatewayListener[] {
  if (protocol === undefined) return [];
  return [
    {
      key,
      protocol,
      ...(hostname === undefined ? {} : { hostname }),
      ...(tls === undefined ? {} : { tls }),
    },
  ];
}

/** Those that hold, of the Secrets that Gateways and ListenerSets name. */
export function deriveServedCertificates(
  graph: GraphApi,
  checked: Collection<CheckedCertificate>,
): Collection<Certificate> {
  return graph.derive('certificates', checked, (_, each) =>
    'certificate' in each ? each.certificate : undefined,
  );
}
