/** `proxies/<pod>` and below: what one proxy holds, and what that Envoy says of itself through its control port. */

import { describeError } from '../base/errors.ts';
import type { MeshPod } from '../mesh/model.ts';
import type { ControlPort } from '../telemetry/control-port.ts';
import { proxyOf } from '../telemetry/tap-switch.ts';
import type { ProxyDetail } from '../xds/server/server.ts';
import { ApiError, noSuchObject } from './errors.ts';
import { choice, onlyParameters, text } from './parameters.ts';
import type { Peers } from './peers.ts';
import { redact } from './redact.ts';
import type { Answer, ApiResource, Question } from './resources.ts';
import { hasProxy, type ProxyInputs, proxyView } from './views/proxies.ts';
import { connectedProxies, type ReplicaReport } from './views/replica.ts';
import type { ProxyDetailView } from './views/types.ts';

export interface ProxyResourcesOptions {
  readonly peers: Pick<Peers, 'collect'>;
  readonly mesh: ProxyInputs;
  readonly report: () => ReplicaReport;
  /** Of a proxy that is connected to this replica. @param key `namespace/pod` */
  readonly detail: (key: string) => ProxyDetail | undefined;
  readonly controlPort: Pick<ControlPort, 'ask'>;
}

interface View {
  /** Path of the admin interface, without what the question adds. */
  readonly path: string;
  readonly parameters?: readonly string[];
  readonly query?: (query: URLSearchParams) => Readonly<Record<string, string>>;
}

/** What may be asked; Envoy's admin interface, all as JSON. */
const views: Readonly<Record<string, View>> = {
  config: { path: '/config_dump?include_eds' },
  clusters: { path: '/clusters?format=json' },
  listeners: { path: '/listeners?format=json' },
  routes: { path: '/config_dump?resource=dynamic_route_configs' },
  endpoints: { path: '/config_dump?include_eds&resource=dynamic_endpoint_configs' },
  certs: { path: '/certs' },
  stats: {
    path: '/stats?format=json',
    parameters: ['filter', 'usedonly'],
    query: (query) => ({
      // An expression of RE2, in time linear in its input.
      ...optional('filter', text(query, 'filter', /^.{1,200}$/, 'cluster\\.xds')),
      ...(query.has('usedonly') ? { usedonly: '' } : {}),
    }),
  },
};

const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;
/** Names of Envoy's loggers. */
const loggerPattern = /^[a-z0-9_]{1,64}$/;
const deadlineMs = 10_000;

export function proxyResources(options: ProxyResourcesOptions): readonly ApiResource[] {
  return [
    {
      ...common('proxies', 'ProxyDetailView'),
      verbs: ['get'],
      answer: (question) => detailOf(options, question),
    },
    ...Object.entries(views).map(
      ([name, view]): ApiResource => ({
        ...common(`proxies/${name}`, 'EnvoyAdmin'),
        verbs: ['get'],
        answer: async (question) => ({ kind: 'json', body: await ask(options, view, question) }),
      }),
    ),
    {
      ...common('proxies/logging', 'EnvoyAdmin'),
      verbs: ['create'],
      answer: (question) => setLogging(options, question),
    },
  ];
}

function common(name: string, kind: string): Pick<ApiResource, 'name' | 'kind' | 'scope' | 'partly'> {
  return { name, kind, scope: 'namespace', partly: false };
}

async function detailOf(options: ProxyResourcesOptions, question: Question): Promise<Answer> {
  onlyParameters(question.query, []);
  const pod = podOf(options, question);
  const key = `${pod.namespace}/${pod.name}`;
  const { peers, mesh, report, detail } = options;
  const [reports, details] = await Promise.all([
    peers.collect('replica', report),
    peers.collect<ProxyDetail | null>('proxy', () => detail(key) ?? null, {
      query: new URLSearchParams({ key }),
    }),
  ]);
  const proxy = connectedProxies(reports.answers).get(key);
  const found = details.answers.find(({ replica }) => replica === proxy?.replica)?.answer;
  const trustDomain = mesh.settings.get('default')?.trustDomain ?? '';
  const body = await question.scoped(
    (scope): ProxyDetailView => ({
      ...proxyView(pod, proxy, trustDomain, scope),
      gaps: reports.gaps,
      resources: found?.resources ?? [],
    }),
  );
  return { kind: 'json', body };
}

async function ask(options: ProxyResourcesOptions, view: View, question: Question): Promise<unknown> {
  onlyParameters(question.query, view.parameters ?? []);
  const url = new URL(view.path, 'http://admin');
  for (const [name, value] of Object.entries(view.query?.(question.query) ?? {})) {
    url.searchParams.set(name, value);
  }
  const body = await askProxy(options, question, 'GET', `${url.pathname}${url.search}`);
  return redact(JSON.parse(body));
}

async function setLogging(options: ProxyResourcesOptions, question: Question): Promise<Answer> {
  onlyParameters(question.query, ['level', 'logger']);
  const level = choice(question.query, 'level', logLevels);
  const logger = text(question.query, 'logger', loggerPattern, 'http');
  const change = level === undefined ? '' : `?${logger ?? 'level'}=${level}`;
  const body = await askProxy(options, question, 'POST', `/logging${change}`);
  return { kind: 'json', body: { loggers: loggersIn(body) } };
}

/** `active loggers:\n  admin: warning\n  …` -> by logger. */
function loggersIn(body: string): Readonly<Record<string, string>> {
  const pairs = [...body.matchAll(/^\s+([a-z0-9_]+): ([a-z]+)$/gm)];
  return Object.fromEntries(pairs.map(([, name = '', level = '']) => [name, level]));
}

/** Throws WEFT-API-08 where there is no such pod, or it has no proxy. */
function podOf({ mesh }: ProxyResourcesOptions, { path }: Question): MeshPod {
  const pod = mesh.pods.get(`${path.namespace}/${path.name}`);
  if (pod !== undefined && hasProxy(pod)) return pod;
  throw noSuchObject(
    pod === undefined
      ? `There is no pod ${path.namespace}/${path.name}.`
      : `Pod ${path.namespace}/${path.name} has no proxy.`,
  );
}

async function askProxy(
  options: ProxyResourcesOptions,
  question: Question,
  method: 'GET' | 'POST',
  path: string,
): Promise<string> {
  const pod = podOf(options, question);
  const trustDomain = options.mesh.settings.get('default')?.trustDomain ?? '';
  try {
    const target = proxyOf(pod, trustDomain);
    const { status, body } = await options.controlPort.ask(target, {
      method,
      path,
      signal: question.signal,
      deadlineMs,
    });
    if (status === 200) return body;
    const why =
      status === 403
        ? 'it does not permit this: it is from before this version of Weft; restart the pod'
        : `it answered ${status}: ${body.trim().slice(0, 200)}`;
    throw new Error(why);
  } catch (error) {
    throw new ApiError('WEFT-API-09', `${pod.namespace}/${pod.name}: ${describeError(error)}.`, {
      status: 503,
      reason: 'ServiceUnavailable',
      cause: error,
    });
  }
}

function optional(name: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [name]: value };
}
