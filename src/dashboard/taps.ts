/** `taps`: live requests as a stream of lines, for whoever may watch them in the namespace of their target. */

import { type NamedEnd, parseNamedEnd } from '../base/traffic-ends.ts';
import type { TapEvent, TapLine, TrafficEnd } from '../telemetry/model.ts';
import { type ContentSpec, isSecretHeader } from '../telemetry/tap-contents.ts';
import type { TapSpec } from '../telemetry/tap-filter.ts';
import type { Scope } from './access.ts';
import { badParameter, forbidden } from './errors.ts';
import { choice, onlyParameters, text } from './parameters.ts';
import type { ApiResource, Question } from './resources.ts';

/** Where the lines come from: telemetry's Taps. */
export interface TapSource {
  open(spec: TapSpec, signal: AbortSignal): AsyncIterable<TapLine>;
}

const mostPerSecond = 1_000;
const defaultPerSecond = 100;

const mostText = /^.{1,600}$/;
const parameters = [
  'target',
  'to',
  'from',
  'side',
  'method',
  'path',
  'status',
  'max-rps',
  'header',
  'headers',
  'secrets',
  'bodies',
];

export function tapsResource(source: TapSource): ApiResource {
  return {
    name: 'taps',
    kind: 'TapEvent',
    verbs: ['watch'],
    scope: 'namespace',
    partly: false,
    answer: async (question) => {
      const spec = parseTap(question.query, question.path.namespace);
      await checkContent(spec, question);
      return { kind: 'stream', items: visible(source.open(spec, question.signal), question) };
    },
  };
}

/** Throws WEFT-API-04. */
export function parseTap(query: URLSearchParams, namespace: string): TapSpec {
  onlyParameters(query, parameters);
  const target = end(query, 'target', namespace);
  const to = end(query, 'to', namespace);
  const from = end(query, 'from', namespace);
  const side = choice(query, 'side', ['client', 'server']);
  const method = text(query, 'method', /^[A-Za-z]{1,20}$/, 'GET');
  const path = text(query, 'path', /^[/*][^\s]{0,1000}$/, '/cart or /cart/*/items');
  const status = text(query, 'status', /^([0-5]|[1-5]\d\d|[1-5]xx|error)$/, '503, 5xx or error');
  const content = contentOf(query);
  if (to !== undefined && from !== undefined) {
    throw badParameter(
      'from',
      'A request that the target sends is not one that it receives: give to or from.',
    );
  }
  return {
    target: targetOf(target, namespace),
    maxPerSecond: perSecond(query.get('max-rps')),
    ...(to === undefined ? {} : { to: 'service' in to ? `service/${to.service}` : to.workload }),
    ...(from === undefined ? {} : { from: callerOf(from) }),
    ...(side === undefined ? {} : { side }),
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(path === undefined ? {} : { path }),
    ...(status === undefined ? {} : { status }),
    ...(content === undefined ? {} : { content }),
  };
}

/** Undefined where neither headers nor bodies are asked for, nor a header to match. */
function contentOf(query: URLSearchParams): ContentSpec | undefined {
  const headers = choice(query, 'headers', ['true', 'false', '']) === 'true';
  const secrets = choice(query, 'secrets', ['true', 'false', '']) === 'true';
  const bodies = choice(query, 'bodies', ['true', 'false', '']) === 'true';
  const given = text(
    query,
    'header',
    /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}(\s*[:=].{0,1000})?$/,
    'x-canary=yes',
  );
  const [, name, value] = /^([^:=\s]+)\s*(?:[:=]\s*(.*))?$/.exec(given ?? '') ?? [];
  if (name === undefined && !headers && !secrets && !bodies) return undefined;
  const match =
    name === undefined
      ? {}
      : { match: { name: name.toLowerCase(), ...(value === undefined ? {} : { value }) } };
  return { headers: headers || secrets, secrets, bodies, ...match };
}

/** What is in requests may be more than who sends them: it has rights of its own. */
async function checkContent({ content }: TapSpec, { may, path }: Question): Promise<void> {
  if (content === undefined) return;
  const matchesSecret = content.match !== undefined && isSecretHeader(content.match.name);
  const needed = [
    ...(content.secrets || matchesSecret ? ['secrets'] : []),
    ...(content.bodies ? ['bodies'] : []),
  ];
  for (const subresource of needed) {
    if (await may('watch', 'taps', subresource)) continue;
    throw forbidden(`You may not watch taps/${subresource}.${path.group} in namespace ${path.namespace}.`);
  }
}

function end(query: URLSearchParams, name: string, namespace: string): NamedEnd | undefined {
  const given = text(query, name, mostText, 'deploy/web');
  if (given === undefined) return undefined;
  const found = parseNamedEnd(given, namespace);
  if (found !== undefined) return found;
  throw badParameter(
    name,
    `${JSON.stringify(given)} names nothing; write deploy/NAME, svc/NAME, ns/NAME or NAMESPACE/Deployment/NAME.`,
  );
}

/** Proxies of other namespaces need the right there. */
function targetOf(target: NamedEnd | undefined, namespace: string): string {
  if (target === undefined) return namespace;
  if ('workload' in target && target.workload.split('/')[0] === namespace) return target.workload;
  throw badParameter(
    'target',
    `It must be a workload, a pod or a gateway in namespace ${namespace}, or the namespace itself.`,
  );
}

function callerOf(from: NamedEnd): string {
  if ('workload' in from) return from.workload;
  throw badParameter('from', 'A Service calls nobody; name a workload or a namespace.');
}

function perSecond(given: string | null): number {
  if (given === null || given === '') return defaultPerSecond;
  const count = Number(given);
  if (Number.isInteger(count) && count >= 1 && count <= mostPerSecond) return count;
  throw badParameter('max-rps', `It must be a number from 1 to ${mostPerSecond}.`);
}

/** The other end may be in a namespace that whoever asks may not read: then only the namespace is told. */
async function* visible(lines: AsyncIterable<TapLine>, { scoped }: Question): AsyncGenerator<TapLine> {
  for await (const line of lines) {
    yield 'notice' in line ? line : await scoped((scope) => visibleEvent(line, scope));
  }
}

function visibleEvent(event: TapEvent, scope: Scope): TapEvent {
  const mayRead = ({ namespace }: TrafficEnd): boolean => namespace === '' || scope.mayRead(namespace);
  const hidden = (end: TrafficEnd): TrafficEnd => ({ ...end, name: '', version: '' });
  const { source, destination } = event;
  const [seesSource, seesDestination] = [mayRead(source), mayRead(destination)];
  if (seesSource && seesDestination) return event;
  return {
    ...event,
    ...(seesSource ? {} : { source: hidden(source), sourceIdentity: '' }),
    ...(seesDestination
      ? {}
      : { destination: hidden(destination), destinationIdentity: '', service: '', route: '' }),
  };
}
