/** How proxies' connections are encrypted, and by which certificates. */

import { constants } from 'node:crypto';
import type { Http2Session } from 'node:http2';
import { type SecureContextOptions, TLSSocket } from 'node:tls';

/** PEM throughout; `ca` is the bundle that client certificates are verified with. */
export interface ServerTls {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** TLS 1.3's, and of TLS 1.2 what any Envoy has; the one that costs least first. */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

export function secureContext(tls: ServerTls): SecureContextOptions {
  return {
    key: tls.key,
    cert: tls.cert,
    ca: tls.ca,
    minVersion: 'TLSv1.2',
    ciphers,
    // The two that Envoy offers by itself; a hybrid with ML-KEM would cost 6 KB more per connection.
    ecdhCurve: 'X25519:P-256',
    // No sessions to resume: every connection proves its key, and no ticket has to be made for it, which is a fifth
    // of what a handshake costs.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

export function socketOf(session: Http2Session | undefined): TLSSocket | undefined {
  const socket = session?.socket;
  return socket instanceof TLSSocket ? socket : undefined;
}
