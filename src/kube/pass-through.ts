/** Single requests to the API server as they are, with the credentials of a kubeconfig, and its answers as they come. */

import type { IncomingMessage } from 'node:http';
import { systemClock } from '../base/clock.ts';
import { type ConnectionOptions, loadConnection } from './config.ts';
import { CredentialSource } from './credentials.ts';
import { type Exchange, Transport } from './transport.ts';

export interface PassThrough {
  /**
   * Resolves at the headers of the answer, whatever its status. Rejects with the plain system error where there is none,
   * and with WEFT-KUBE-05 where the kubeconfig cannot be used.
   */
  send(exchange: Exchange): Promise<IncomingMessage>;
}

export async function openPassThrough(options: ConnectionOptions): Promise<PassThrough> {
  const connection = await loadConnection(options);
  const transport = new Transport(connection, systemClock);
  const credentials = new CredentialSource(connection, systemClock);
  return {
    send: async (exchange) => {
      const answer = await transport.open(await credentials.current(), exchange);
      if (answer.statusCode !== 401) return answer;
      // What was read from files or a plugin may have been renewed meanwhile.
      answer.resume();
      credentials.invalidate();
      return transport.open(await credentials.current(), exchange);
    },
  };
}
