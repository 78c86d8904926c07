/**
 * The packet rules of a meshed pod, as one text for the command line of `nft`. One table for both families;
 * adding, deleting and defining it in one call makes the change atomic and repeatable, also in a live pod.
 */

import { controlPort, healthPort, inboundPort, outboundPort } from '../../base/names.ts';

export interface RedirectSettings {
  readonly excludeInboundPorts: readonly number[];
  readonly excludeOutboundPorts: readonly number[];
  readonly excludeOutboundCidrs: readonly string[];
}

/** Marks the proxy's connections to its own application; see toApplication in bootstrap-clusters.ts. */
const applicationPriority = '0:6';

/** @param proxyUser by which the proxy's own connections are told from the application's, or what stands for it */
export function redirectRules(settings: RedirectSettings, proxyUser: number | string): string {
  const proxyToSelf = (match: string): string =>
    `meta skuid ${proxyUser} oif lo ${match} meta priority != ${applicationPriority} meta l4proto tcp redirect to :${inboundPort}`;
  const outbound = [
    // The proxy dialling its own pod's address is a pod calling itself: inbound policy applies to it too.
    proxyToSelf('ip daddr != 127.0.0.0/8'),
    proxyToSelf('ip6 daddr != ::1'),
    `meta skuid ${proxyUser} return`,
    'ip daddr 127.0.0.0/8 return',
    'ip6 daddr ::1 return',
    // One rule for each range: overlapping ranges in one set would be an error.
    ...settings.excludeOutboundCidrs.map(
      (cidr) => `${cidr.includes(':') ? 'ip6' : 'ip'} daddr ${cidr} return`,
    ),
    ...excludedPorts(settings.excludeOutboundPorts),
    `meta l4proto tcp redirect to :${outboundPort}`,
  ];
  const inbound = [
    ...excludedPorts([controlPort, healthPort, ...settings.excludeInboundPorts]),
    `meta l4proto tcp redirect to :${inboundPort}`,
  ];
  // Whoever dials a capture port directly would make the proxy call itself for ever.
  const guard = [`tcp dport { ${outboundPort}, ${inboundPort} } ct status & dnat == 0 reject with tcp reset`];
  return [
    'table inet weft {}',
    'delete table inet weft',
    'table inet weft {',
    ...chain('outbound', 'type nat hook output priority -100; policy accept;', outbound),
    ...chain('inbound', 'type nat hook prerouting priority -100; policy accept;', inbound),
    ...chain('guard', 'type filter hook input priority 0; policy accept;', guard),
    '}',
    '',
  ].join('\n');
}

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  return [`  chain ${name} {`, `    ${hook}`, ...rules.map((rule) => `    ${rule}`), '  }'];
}

function excludedPorts(ports: readonly number[]): string[] {
  const distinct = [...new Set(ports)].sort((a, b) => a - b);
  return distinct.length === 0 ? [] : [`tcp dport { ${distinct.join(', ')} } return`];
}
