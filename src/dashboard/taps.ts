/** `taps`: live requests as a stream of lines, for whoever may watch them in the namespace of their target. */

import type { TapEvent, TapLine, TrafficEnd } from '../telemetry/model.ts';
import type { TapSpec } from '../telemetry/tap-filter.ts';
import type { Scope } from './access.ts';
import { badParameter } from './errors.ts';
import { choice, onlyParameters, text } from './parameters.ts';
import type { ApiResource, Question } from './resources.ts';

/** Where the lines come from: telemetry's Taps. */
export interface TapSource {
  open(spec: TapSpec, signal: AbortSignal): AsyncIterable<TapLine>;
}

const mostPerSecond = 1_000;
const defaultPerSecond = 100;

const label = '[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?';
/** `namespace`, `namespace/Kind/name`, and for `to` `service/namespace/name:port`. */
const endPattern = new RegExp(`^(${label}|${label}/[A-Z][A-Za-z]{0,62}/${label})$`);
const toPattern = new RegExp(
  `^(${label}|${label}/[A-Z][A-Za-z]{0,62}/${label}|service/${label}/${label}(:\\d{1,5})?)$`,
);
const targetPattern = new RegExp(`^[A-Z][A-Za-z]{0,62}/${label}$`);

const parameters = ['target', 'to', 'from', 'side', 'method', 'path', 'status', 'maxRps'];

export function tapsResource(source: TapSource): ApiResource {
  return {
    name: 'taps',
    kind: 'TapEvent',
    verbs: ['watch'],
    scope: 'namespace',
    partly: false,
    answer: (question) => {
      const spec = parseTap(question.query, question.path.namespace);
      return Promise.resolve({
        kind: 'stream',
        items: visible(source.open(spec, question.signal), question),
      });
    },
  };
}

/** Throws WEFT-API-04. */
export function parseTap(query: URLSearchParams, namespace: string): TapSpec {
  onlyParameters(query, parameters);
  const target = text(query, 'target', targetPattern, 'Deployment/web or Pod/web-1');
  const to = text(query, 'to', toPattern, 'shop/Deployment/web, service/shop/web or a namespace');
  const from = text(query, 'from', endPattern, 'shop/Deployment/web or a namespace');
  const side = choice(query, 'side', ['client', 'server']);
  const method = text(query, 'method', /^[A-Z]{1,20}$/, 'GET');
  const path = text(query, 'path', /^[/*][^\s]{0,1000}$/, '/cart or /cart/*/items');
  const status = text(query, 'status', /^([0-5]|[1-5]\d\d|[1-5]xx|error)$/, '503, 5xx or error');
  if (to !== undefined && from !== undefined) {
    throw badParameter(
      'from',
      'A request that the target sends is not one that it receives: give to or from.',
    );
  }
  return {
    target: target === undefined ? namespace : `${namespace}/${target}`,
    maxPerSecond: perSecond(query.get('maxRps')),
    ...(to === undefined ? {} : { to }),
    ...(from === undefined ? {} : { from }),
    ...(side === undefined ? {} : { side }),
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
    ...(status === undefined ? {} : { status }),
  };
}

function perSecond(given: string | null): number {
  if (given === null) return defaultPerSecond;
  const count = Number(given);
  if (Number.isInteger(count) && count >= 1 && count <= mostPerSecond) return count;
  throw badParameter('maxRps', `It must be a number from 1 to ${mostPerSecond}.`);
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
