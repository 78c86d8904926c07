/** Keys made of addresses and names. */

/** `<ip>:<port>`, IPv6 in brackets: the key of a Destination. */
export function destinationKey(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The parts of a destination key, or undefined where the text is not one. */
export function parseDestinationKey(
  key: string,
): { readonly address: string; readonly port: number } | undefined {
  const colon = key.lastIndexOf(':');
  const port = Number(key.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(port) || port < 1 || port > 65535) return undefined;
  const host = key.slice(0, colon);
  if (!host.startsWith('[')) return host.includes(':') ? undefined : { address: host, port };
  return host.endsWith(']') ? { address: host.slice(1, -1), port } : undefined;
}

/** `namespace/service:port`, with `/udp` behind for UDP: the key of a ServicePort. */
export function servicePortKey(
  namespace: string,
  service: string,
  port: number,
  transport: 'TCP' | 'UDP' = 'TCP',
): string {
  return `${namespace}/${service}:${port}${transport === 'UDP' ? '/udp' : ''}`;
}
