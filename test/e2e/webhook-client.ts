/** Calls one replica's webhook as the API server does: over TLS that the CA of the webhook configuration vouches for. */

import { request } from 'node:https';
import { webhookPort } from '../../src/base/names.ts';
import { mutatingWebhookConfigurations } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { replicaAddress } from './control-plane.ts';
import type { TestMesh } from './harness.ts';

interface Configuration extends KubeObject {
  readonly webhooks: readonly {
    readonly clientConfig: {
      readonly caBundle: string;
      readonly service: { readonly name: string; readonly namespace: string };
    };
  }[];
}

export interface WebhookAnswer {
  readonly status: number;
  /** Read as JSON where it is. */
  readonly body: any;
}

export type WebhookClient = (
  path: string,
  body: string,
  headers?: Readonly<Record<string, string>>,
) => Promise<WebhookAnswer>;

/** A function that POSTs to a replica that serves. */
export async function webhookClient(mesh: TestMesh): Promise<WebhookClient> {
  const configuration = await mesh.api.get<Configuration>(mutatingWebhookConfigurations, 'weft');
  const host = await replicaAddress(mesh);
  const config = configuration?.webhooks[0]?.clientConfig;
  if (config === undefined) throw new Error('there is no webhook to be called');
  const { service, caBundle } = config;
  const servername = `${service.name}.${service.namespace}.svc`;
  return (path, body, headers = { 'content-type': 'application/json' }) =>
    new Promise((resolve, reject) => {
      const sent = request(
        {
          host,
          port: webhookPort,
          path,
          method: 'POST',
          servername,
          ca: Buffer.from(caBundle, 'base64'),
          headers: { 'content-length': Buffer.byteLength(body), ...headers, host: servername },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            sent.destroy();
            resolve({
              status: response.statusCode ?? 0,
              body: parsed(Buffer.concat(chunks).toString('utf8')),
            });
          });
        },
      );
      sent.on('error', reject);
      // Not `end`: a body that is announced and not sent may already be answered.
      sent.write(body);
    });
}

/** What is no JSON comes as it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
