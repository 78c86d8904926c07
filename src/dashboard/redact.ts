/**
 * Takes out of a proxy's configuration what nobody needs to see to understand it: keys, secrets, tokens, passwords, and
 * the path by which a pod's proxy is drained, which is a secret of the pod. Envoy leaves keys out by itself; this is for
 * what it does not know to be one, such as a key in a field that is meant for a certificate.
 */

import { isObject } from '../base/json.ts';

const redacted = '[redacted]';

/** Names of fields whose content is secret whatever it is. */
const secretFields: ReadonlySet<string> = new Set([
  'private_key',
  'password',
  'session_ticket_keys',
  'generic_secret',
  'hmac_secret',
  'token_secret',
  'private_key_provider',
]);

/** @param value parsed JSON */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return holdsKey(value) ? redacted : value;
  if (Array.isArray(value)) return value.map(redact);
  if (!isObject(value)) return value;
  const drains = 'direct_response' in value && 'typed_per_filter_config' in value;
  return Object.fromEntries(
    Object.entries(value).map(([name, content]) => [
      name,
      secretFields.has(name) || (drains && name === 'match') ? redacted : redact(content),
    ]),
  );
}

const keyMark = 'PRIVATE KEY-----';

/** PEM as it is, or in base64 as `inline_bytes`. */
function holdsKey(text: string): boolean {
  if (text.includes(keyMark)) return true;
  if (text.length < 64 || !/^[A-Za-z0-9+/=]+$/.test(text)) return false;
  return Buffer.from(text, 'base64').includes(keyMark);
}
