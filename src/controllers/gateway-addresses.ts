/** Where a Gateway is reached: what its Service was given, against what the Gateway asks for. Pure. */

import type { GatewaySource } from '../mesh/gateways/sources.ts';
import type { ManagedService } from './gateway-sources.ts';

/** As in `status.addresses` of a Gateway. */
export interface GatewayAddress {
  readonly type: 'IPAddress' | 'Hostname';
  readonly value: string;
}

export interface GatewayAddresses {
  readonly assigned: readonly GatewayAddress[];
  /** Addresses that the Gateway asks for and its Service does not have. */
  readonly missing: readonly string[];
}

/** `service` absent: there is none yet. */
export function gatewayAddresses(
  requested: GatewaySource['spec']['addresses'],
  service: ManagedService | undefined,
): GatewayAddresses {
  const assigned = service === undefined ? [] : addressesOf(service);
  const values = new Set(assigned.map(({ value }) => value.toLowerCase()));
  const missing = (requested ?? []).flatMap(({ value = '' }) =>
    value === '' || values.has(value.toLowerCase()) ? [] : [value],
  );
  return { assigned, missing };
}

/**
 * Those at which the listeners' own ports answer: of a load balancer, what it says; else the addresses inside the
 * cluster. A NodePort's other ports are in its Service.
 */
function addressesOf({ spec = {}, status = {} }: ManagedService): readonly GatewayAddress[] {
  if (spec.type !== 'LoadBalancer') {
    return (spec.clusterIPs ?? []).flatMap((value) =>
      value === 'None' ? [] : [{ type: 'IPAddress', value }],
    );
  }
  return (status.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }): readonly GatewayAddress[] => {
    if (ip !== undefined && ip !== '') return [{ type: 'IPAddress', value: ip }];
    return hostname === undefined || hostname === '' ? [] : [{ type: 'Hostname', value: hostname }];
  });
}
