/** The Kubernetes API over our own thin HTTP: authentication, retries, errors, server-side apply, streams. */

import { Backoff, wait } from '../base/backoff.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { type ConnectionOptions, loadConnection } from './config.ts';
import { type Credentials, CredentialSource } from './credentials.ts';
import { errorOfStatus, errorOfTransport, isKubeError, KubeError, type Status } from './errors.ts';
import { requests } from './metrics.ts';
import { ChunkStream } from './chunk-stream.ts';
import { apiVersionOf, groupPathOf, pathOf } from './resources.ts';
import { type Exchange, type Reply, Transport } from './transport.ts';
import type {
  ApplyOptions,
  KubeClient,
  KubeObject,
  RequestOptions,
  ResourceType,
  ResponseStream,
  StreamOptions,
} from './types.ts';

export interface KubeApiOptions extends ConnectionOptions {
  readonly log: Logger;
  readonly clock?: Clock;
}

/** Opens nothing yet: a kubeconfig that cannot be used shows at the first request, as WEFT-KUBE-05. */
export function createKubeApi(options: KubeApiOptions): KubeClient {
  return new Api(options);
}

const defaultTimeoutMs = 30_000;
const mostAttempts = 5;
/** However long the server asks us to wait: a request must not hang for minutes. */
const longestRetryAfterMs = 10_000;
const applyContentType = 'application/apply-patch+yaml';
/** Nothing of the request can have reached the server. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

interface Session {
  readonly transport: Transport;
  readonly credentials: CredentialSource;
}

class Api implements KubeClient {
  readonly #options: KubeApiOptions;
  readonly #log: Logger;
  readonly #clock: Clock;
  #session: Promise<Session> | undefined;

  constructor(options: KubeApiOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
  }

  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const backoff = new Backoff({ initialMs: 100, maxMs: 5000 });
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#attempt(method, path, options)) as T;
      } catch (error) {
        if (!(error instanceof KubeError) || attempt >= mostAttempts || options.signal?.aborted) throw error;
        if (!mayRetry(method, options, error)) throw error;
        const delayMs = delayOf(error, backoff);
        this.#log.debug({ code: error.code, err: error.message, attempt, delayMs }, 'request is retried');
        await wait(delayMs, options.signal, this.#options.clock);
        if (options.signal?.aborted) throw error;
      }
    }
  }

  async stream(path: string, options: StreamOptions = {}): Promise<ResponseStream> {
    const subject = `GET ${path}`;
    return this.#authorized(subject, async ({ transport }, credentials) => {
      const exchange = exchangeOf('GET', path, options, options.accept);
      const response = await transport.open(credentials, exchange);
      count('WATCH', response.statusCode ?? 0);
      if (response.statusCode === 200) {
        return new ChunkStream(response);
      }
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      throw errorOfReply(subject, {
        status: response.statusCode ?? 0,
        retryAfterSeconds: undefined,
        body: Buffer.concat(chunks).toString('utf8'),
      });
    });
  }

  async get<T extends KubeObject>(
    type: ResourceType,
    name: string,
    namespace?: string,
  ): Promise<T | undefined> {
    try {
      return await this.request<T>('GET', pathOf(type, { namespace, name }));
    } catch (error) {
      if (isKubeError(error, 404)) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(
    type: ResourceType,
    options: { namespace?: string; labelSelector?: string; fieldSelector?: string } = {},
  ): Promise<readonly T[]> {
    const { namespace, ...selectors } = options;
    const items: T[] = [];
    let next: string | undefined;
    do {
      const page = await this.request<{ metadata?: { continue?: string }; items?: T[] | null }>(
        'GET',
        pathOf(type, { namespace }),
        { query: { ...selectors, limit: 500, continue: next } },
      );
      items.push(...(page.items ?? []));
      next = page.metadata?.continue || undefined;
    } while (next !== undefined);
    return items;
  }

  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    const path = pathOf(type, { namespace: object.metadata.namespace });
    return this.request('POST', path, { body: withType(type, object) });
  }

  update<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    return this.request('PUT', pathOf(type, object.metadata), { body: withType(type, object) });
  }

  updateStatus<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    const { namespace, name } = object.metadata;
    return this.request('PUT', pathOf(type, { namespace, name, subresource: 'status' }), {
      body: withType(type, object),
    });
  }

  async delete(type: ResourceType, name: string, namespace?: string): Promise<void> {
    await this.request('DELETE', pathOf(type, { namespace, name }));
  }

  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    return this.#apply(type, object, options, {});
  }

  applyStatus<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    return this.#apply(type, object, options, { subresource: 'status' });
  }

  async serves(type: ResourceType): Promise<boolean> {
    try {
      const list = await this.request<{ resources?: { name: string }[] }>('GET', groupPathOf(type));
      return list.resources?.some((resource) => resource.name === type.plural) ?? false;
    } catch (error) {
      if (isKubeError(error, 404)) return false;
      throw error;
    }
  }

  #apply<T extends KubeObject>(
    type: ResourceType,
    object: T,
    options: ApplyOptions,
    target: { readonly subresource?: string },
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    return this.request<T>('PATCH', pathOf(type, { namespace, name, ...target }), {
      query: { fieldManager: options.fieldManager, force: options.force },
      body: withType(type, object),
      contentType: applyContentType,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  async #attempt(method: string, path: string, options: RequestOptions): Promise<unknown> {
    const subject = `${method} ${path}`;
    return this.#authorized(subject, async ({ transport }, credentials) => {
      const reply = await transport.exchange(credentials, exchangeOf(method, path, options));
      count(method, reply.status);
      if (reply.status < 200 || reply.status > 299) throw errorOfReply(subject, reply);
      const body = parse(reply.body);
      if (body === undefined) throw errorOfStatus(subject, reply.status, undefined);
      return body;
    });
  }

  /** Runs one exchange; a 401 makes it read the credentials anew, once. What is no KubeError becomes one. */
  async #authorized<T>(
    subject: string,
    action: (session: Session, credentials: Credentials) => Promise<T>,
  ): Promise<T> {
    try {
      this.#session ??= this.#connect();
      const session = await this.#session;
      try {
        return await action(session, await session.credentials.current());
      } catch (error) {
        if (!isKubeError(error, 401)) throw error;
        session.credentials.invalidate();
        return await action(session, await session.credentials.current());
      }
    } catch (error) {
      if (error instanceof KubeError) throw error;
      count(subject.slice(0, subject.indexOf(' ')), 0);
      throw errorOfTransport(subject, error);
    }
  }

  async #connect(): Promise<Session> {
    try {
      const connection = await loadConnection(this.#options);
      return {
        transport: new Transport(connection, this.#clock),
        credentials: new CredentialSource(connection, this.#clock),
      };
    } catch (error) {
      // So that a kubeconfig which appears later is still found.
      this.#session = undefined;
      throw error;
    }
  }
}

/**
 * 429 means that the server did nothing, whatever the verb; other trouble may come after it did. Reads and
 * server-side apply can be repeated without harm.
 */
function mayRetry(method: string, options: RequestOptions, error: KubeError): boolean {
  if (error.status === 429) return true;
  if (error.status === 0 && neverSent.has(error.reason)) return true;
  const repeatable = method === 'GET' || options.contentType === applyContentType;
  return repeatable && (error.status >= 500 || (error.status === 0 && error.code === 'WEFT-KUBE-01'));
}

function delayOf(error: KubeError, backoff: Backoff): number {
  const ownMs = backoff.next();
  if (error.retryAfterSeconds === undefined) return ownMs;
  return Math.min(longestRetryAfterMs, Math.max(ownMs, error.retryAfterSeconds * 1000));
}

function exchangeOf(
  method: string,
  path: string,
  options: RequestOptions,
  accept = 'application/json',
): Exchange {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  const hasBody = options.body !== undefined;
  return {
    method,
    path: query.size === 0 ? path : `${path}?${query.toString()}`,
    headers: {
      Accept: accept,
      'User-Agent': 'weft',
      ...(hasBody ? { 'Content-Type': options.contentType ?? 'application/json' } : {}),
    },
    ...(hasBody ? { body: JSON.stringify(options.body) } : {}),
    signal: options.signal,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
  };
}

function errorOfReply(subject: string, reply: Reply): KubeError {
  const body = parse(reply.body) as Status | undefined;
  return errorOfStatus(
    subject,
    reply.status,
    body?.kind === 'Status' ? body : undefined,
    reply.retryAfterSeconds,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withType(type: ResourceType, object: KubeObject): KubeObject {
  return { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
}

function count(verb: string, status: number): void {
  requests.inc({ verb, status: status === 0 ? 'none' : String(status) });
}
