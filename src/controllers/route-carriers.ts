/**
 * Which of the proxies' resources carry a route out, through one of its parents: what these proxies say of them is what
 * the route's status says.
 *
 *   tables of the mesh:      a RouteConfiguration, or the listeners of the port's addresses where routes take whole connections
 *   listeners of gateways:   a RouteConfiguration of HTTP and HTTPS, the port's own listener of TLS, TCP and UDP
 */

import type { Collection, GraphApi, Read } from '../graph/types.ts';
import { destinationKey } from '../mesh/addresses.ts';
import type { Gateway, GatewayListener, GatewayPort } from '../mesh/gateway-model.ts';
import type { RouteTable, RouteVerdict, ServicePort } from '../mesh/model.ts';
import type { ResourceKind } from '../xds/resource.ts';

export interface Carrier {
  readonly kind: ResourceKind;
  readonly name: string;
}

/** How xds/translate names what it makes. */
export interface CarrierNames {
  /** The RouteConfiguration made from a RouteTable. */
  readonly table: (table: string) => string;
  /** The listener of a destination, `<ip>:<port>`. */
  readonly destination: (destination: string) => string;
  /** The listener of all connections into a workload. */
  readonly inbound: (workload: string) => string;
  /** Of a listener that only some proxies have in the place of another: the name of that one. */
  readonly variantOf: (listener: string) => string | undefined;
  /** The listener of one port, which is also the name of the RouteConfiguration of its HTTP listeners. */
  readonly port: (gateway: string, port: GatewayPort) => string;
  /** The RouteConfiguration of one HTTPS listener. */
  readonly https: (listener: string) => string;
}

export interface CarrierInputs {
  readonly gateways: Collection<Gateway>;
  readonly tables: Collection<RouteTable>;
  readonly servicePorts: Collection<ServicePort>;
  readonly names: CarrierNames;
}

/** Each once, in a stable order. */
export type CarriersOf = (verdict: RouteVerdict, read: Read) => readonly Carrier[];

export function deriveCarriers(graph: GraphApi, inputs: CarrierInputs): CarriersOf {
  const { gateways, names } = inputs;
  const byListener = graph.expand('listenerCarriers', gateways, (gateway, { ports }) =>
    ports.flatMap((port) =>
      port.listeners.map((listener): readonly [string, Carrier] => [
        listener.key,
        listenerCarrier(listener, names.port(gateway, port), names),
      ]),
    ),
  );
  return ({ tables, listeners }, read) => {
    const all = [
      ...tables.flatMap((table) => tableCarriers(table, inputs, read)),
      ...listeners.flatMap((listener) => read(byListener, listener) ?? []),
    ];
    return [...new Map(all.map((carrier) => [`${carrier.kind} ${carrier.name}`, carrier])).values()];
  };
}

function listenerCarrier({ key, protocol }: GatewayListener, port: string, names: CarrierNames): Carrier {
  if (protocol === 'HTTP') return { kind: 'route', name: port };
  return protocol === 'HTTPS' ? { kind: 'route', name: names.https(key) } : { kind: 'listener', name: port };
}

function tableCarriers(
  key: string,
  { tables, servicePorts, names }: CarrierInputs,
  read: Read,
): readonly Carrier[] {
  const table = read(tables, key);
  const port = table?.streams === undefined ? undefined : read(servicePorts, table.servicePort);
  if (port === undefined) return [{ kind: 'route', name: names.table(key) }];
  return port.addresses.map((address) => ({
    kind: 'listener',
    name: names.destination(destinationKey(address, port.port)),
  }));
}
