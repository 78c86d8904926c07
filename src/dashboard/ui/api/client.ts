/**
 * The page's way to the API: GET, JSON, a bearer token where the reader signed in with one. What goes wrong becomes an
 * ApiProblem that a page can show: who may not, what is missing, who is not there.
 */

import { readNdjson } from './ndjson.ts';

export type ProblemKind = 'signIn' | 'forbidden' | 'missing' | 'unreachable' | 'failed';

/** What the reader is told instead of data. */
export class ApiProblem extends Error {
  readonly kind: ProblemKind;
  readonly status: number;
  /** Of Weft's catalogue, where the answer names one. */
  readonly code: string | undefined;

  constructor(kind: ProblemKind, message: string, status: number, code?: string) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.code = code;
  }
}

export type Parameters = Readonly<Record<string, string | undefined>>;

export interface ApiClient {
  /** @param resource one of observe.ts, with what follows it: `explain/httproute/web`; each segment is encoded already */
  get<T>(resource: string, asked: Asked): Promise<T>;
  /** Values of a stream until it or the signal ends. */
  stream<T>(resource: string, asked: Asked): AsyncGenerator<T>;
}

export interface Asked {
  /** Empty or absent for the whole cluster. */
  readonly namespace?: string;
  readonly parameters?: Parameters;
  readonly signal?: AbortSignal;
}

export interface ClientSettings {
  /** `/apis/observe.weft.dev/v1alpha1` or what stands for it where the page is served. */
  readonly base: string;
  readonly fetch: typeof fetch;
  /** Undefined where the connection itself says who asks (a local proxy, a client certificate). */
  readonly token: () => string | undefined;
}

/** Empty parameters are left out: they mean "not chosen". */
export function urlOf(base: string, resource: string, namespace = '', parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, value);
  }
  const scope = namespace === '' ? '' : `namespaces/${encodeURIComponent(namespace)}/`;
  const text = query.toString();
  return `${base}/${scope}${resource}${text === '' ? '' : `?${text}`}`;
}

export function createClient(settings: ClientSettings): ApiClient {
  async function request(url: string, signal: AbortSignal | undefined, accept: string): Promise<Response> {
    const token = settings.token();
    const headers: Record<string, string> = { accept };
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const response = await settings
      .fetch(url, { headers, cache: 'no-store', ...(signal === undefined ? {} : { signal }) })
      .catch((error: unknown) => {
        if (signal?.aborted === true) throw error;
        throw new ApiProblem('unreachable', 'The control plane does not answer.', 0);
      });
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  return {
    get: async <T>(resource: string, { namespace, parameters, signal }: Asked) => {
      const response = await request(
        urlOf(settings.base, resource, namespace, parameters),
        signal,
        'application/json',
      );
      try {
        return (await response.json()) as T;
      } catch (error) {
        if (signal?.aborted === true) throw error;
        throw new ApiProblem(
          'failed',
          'The answer is not JSON: something else listens here.',
          response.status,
        );
      }
    },
    stream: async function* <T>(resource: string, { namespace, parameters, signal }: Asked) {
      const response = await request(
        urlOf(settings.base, resource, namespace, { ...parameters, watch: 'true' }),
        signal,
        'application/x-ndjson, application/json',
      );
      if (response.body === null) return;
      yield* readNdjson<T>(chunksOf(response.body));
    },
  };
}

/** Not every browser can iterate a ReadableStream. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Answers carry a Kubernetes Status or `{error}`; other text (of a proxy on the way) is not shown. */
async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => '');
  const { message, code } = messageIn(text);
  const { status } = response;
  if (status === 401) return new ApiProblem('signIn', message ?? 'Sign in to see this.', status, code);
  if (status === 403) return new ApiProblem('forbidden', message ?? 'You may not read this.', status, code);
  if (status === 404) return new ApiProblem('missing', message ?? 'There is no such thing.', status, code);
  if (status === 502 || status === 503 || status === 504)
    return new ApiProblem('unreachable', message ?? 'The control plane does not answer.', status, code);
  return new ApiProblem('failed', message ?? `The request failed with status ${status}.`, status, code);
}

function messageIn(text: string): { readonly message?: string; readonly code?: string } {
  try {
    const body = JSON.parse(text) as { message?: unknown; error?: unknown; code?: unknown };
    const message = [body.message, body.error].find((value) => typeof value === 'string' && value !== '');
    const code = typeof body.code === 'string' ? body.code : /WEFT-[A-Z]+-\d+/.exec(String(message))?.[0];
    return {
      ...(typeof message === 'string' ? { message } : {}),
      ...(code === undefined ? {} : { code }),
    };
  } catch {
    return {};
  }
}
