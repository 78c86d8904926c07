/**
 * Asks the proxy of a pod through its control port: the admin interface, over TLS with the control plane's certificate at
 * this end, and at the other one of exactly the pod's identity.
 */

import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { PeerCertificate } from 'node:tls';
import { controlPort } from '../base/names.ts';

export interface ProxyTarget {
  /** `namespace/pod` */
  readonly key: string;
  /** IP. */
  readonly address: string;
  /** SPIFFE ID it must prove. */
  readonly identity: string;
}

export interface ControlPortOptions {
  /** PEM. */
  readonly tls: () => { readonly key: string; readonly cert: string; readonly ca: string };
  /** Default that of pods; tests have their own. */
  readonly port?: number;
}

export interface ProxyQuestion {
  readonly method?: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Of the whole answer; of a stream until it begins. Default 3,000. */
  readonly deadlineMs?: number;
}

export interface ProxyAnswer {
  readonly status: number;
  readonly body: string;
}

const defaultDeadlineMs = 3_000;
/** The statistics of a proxy that uses a thousand Services are some megabytes. */
const mostBytes = 64 * 1024 * 1024;

export class ControlPort {
  readonly #options: ControlPortOptions;

  constructor(options: ControlPortOptions) {
    this.#options = options;
  }

  /** Rejects with a plain Error that says why where there is no answer. */
  async ask(target: ProxyTarget, question: ProxyQuestion): Promise<ProxyAnswer> {
    const cancel = new AbortController();
    const deadline = setTimeout(() => cancel.abort(), question.deadlineMs ?? defaultDeadlineMs);
    try {
      const response = await this.#send(target, question, cancel.signal);
      return { status: response.statusCode ?? 0, body: await bounded(response) };
    } catch (error) {
      if (cancel.signal.aborted) throw new Error('it took too long', { cause: error });
      throw error;
    } finally {
      clearTimeout(deadline);
    }
  }

  /** A response that goes on until the signal aborts or the proxy ends it; one that is not 200 rejects. */
  async open(target: ProxyTarget, question: ProxyQuestion): Promise<IncomingMessage> {
    const response = await this.#send(target, question);
    if (response.statusCode === 200) return response;
    const words = (await bounded(response)).trim().slice(0, 300);
    throw new Error(`it answered ${response.statusCode}${words === '' ? '' : `: ${words}`}`);
  }

  #send(target: ProxyTarget, question: ProxyQuestion, late?: AbortSignal): Promise<IncomingMessage> {
    const { method = 'GET', path, body, signal } = question;
    const signals = [signal, late].filter((one) => one !== undefined);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = request({
      // Questions are rare: a connection for each, so that the certificates are always those of now.
      agent: new Agent({ ...this.#options.tls(), ...expecting(target.identity) }),
      host: target.address,
      port: this.#options.port ?? controlPort,
      method,
      path,
      headers: { 'content-length': Buffer.byteLength(body ?? ''), connection: 'close' },
      ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
    });
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }
}

function expecting(identity: string) {
  return {
    // An address is no server name.
    servername: '',
    minVersion: 'TLSv1.3' as const,
    checkServerIdentity: (_name: string, certificate: PeerCertificate): Error | undefined => {
      const names = (certificate.subjectaltname ?? '').split(', ');
      return names.includes(`URI:${identity}`) ? undefined : new Error(`it is not ${identity}`);
    },
  };
}

async function bounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error('its answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
