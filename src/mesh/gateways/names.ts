/** Names of what is made for a Gateway, within the limits of Kubernetes. */

import { createHash } from 'node:crypto';

/** Names of Services and label values are at most this long. */
const longest = 63;
const hashLength = 10;
/** RFC 1035, which names of Services keep to. */
const rfc1035 = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const labelValue = /^[a-zA-Z0-9](?:[-_.a-zA-Z0-9]*[a-zA-Z0-9])?$/;

/**
 * Name of the Deployment, the Service and the ServiceAccount of a Gateway: `<gateway>-<class>`. What is too long, or
 * cannot name a Service, ends in a hash of the two instead, so that it stays unique.
 */
export function gatewayResourceName(gateway: string, className: string): string {
  const name = `${gateway}-${className}`;
  if (name.length <= longest && rfc1035.test(name)) return name;
  const legal = name.replaceAll(/[^-a-z0-9]/g, '-').replace(/^(?![a-z])/, 'gateway-');
  return withHash(legal, `${gateway}/${className}`);
}

/** Value of `gatewayNameLabel`: the Gateway's name where it can be one. */
export function gatewayLabelValue(gateway: string): string {
  if (gateway.length <= longest && labelValue.test(gateway)) return gateway;
  return withHash(gateway, gateway);
}

function withHash(text: string, hashed: string): string {
  const hash = createHash('sha256').update(hashed).digest('hex').slice(0, hashLength);
  const room = text.slice(0, longest - hashLength - 1).replace(/[^a-zA-Z0-9]+$/, '');
  return `${room}-${hash}`;
}
