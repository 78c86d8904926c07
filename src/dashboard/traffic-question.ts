/** `stat` and `graph`: which traffic is asked about, and what of it somebody may see. Pure. */

import type {
  TrafficDimension,
  TrafficFilter,
  TrafficPart,
  TrafficPartRow,
  TrafficQuery,
} from '../telemetry/model.ts';
import { storeDefaults } from '../telemetry/store.ts';
import type { Scope } from './access.ts';
import { forbidden } from './errors.ts';
import { choice, choices, duration, onlyParameters, text } from './parameters.ts';

export const dimensions: readonly TrafficDimension[] = [
  'side',
  'source',
  'sourceNamespace',
  'sourceVersion',
  'destination',
  'destinationNamespace',
  'destinationVersion',
  'service',
  'route',
  'protocol',
  'mtls',
];

const { resolutionMs: slotMs, windowMs: mostMs } = storeDefaults;
const defaultWindowMs = 60_000;

const name = '[a-z0-9]([-a-z0-9.]*[a-z0-9])?';
const endPattern = new RegExp(`^${name}(/[A-Z][A-Za-z]{0,62}/${name})?$`);
const servicePattern = new RegExp(`^${name}/${name}(:\\d{1,5})?$`);
const routePattern = new RegExp(`^${name}/${name}$`);

export const filterParameters: readonly string[] = ['window', 'from', 'to', 'service', 'route', 'side'];

/** Throws WEFT-API-04. @param namespace of the path; empty for the whole cluster */
export function parseStat(query: URLSearchParams, namespace: string): TrafficQuery {
  onlyParameters(query, ['groupBy', 'step', ...filterParameters]);
  const stepMs = duration(query, 'step', { leastMs: slotMs, mostMs });
  return {
    filter: parseFilter(query, namespace),
    groupBy: choices(query, 'groupBy', dimensions),
    windowMs: windowOf(query),
    ...(stepMs === undefined ? {} : { stepMs: wholeSlots(stepMs) }),
  };
}

/** Throws WEFT-API-04. */
export function windowOf(query: URLSearchParams): number {
  return wholeSlots(duration(query, 'window', { leastMs: slotMs, mostMs }) ?? defaultWindowMs);
}

function wholeSlots(lengthMs: number): number {
  return Math.ceil(lengthMs / slotMs) * slotMs;
}

/** Throws WEFT-API-04. */
export function parseFilter(query: URLSearchParams, namespace: string): TrafficFilter {
  const from = text(query, 'from', endPattern, 'shop or shop/Deployment/web');
  const to = text(query, 'to', endPattern, 'shop or shop/Deployment/web');
  const service = text(query, 'service', servicePattern, 'shop/web or shop/web:80');
  const route = text(query, 'route', routePattern, 'shop/web');
  const side = choice(query, 'side', ['client', 'server']);
  return {
    ...(namespace === '' ? {} : { namespace }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(service === undefined ? {} : { service }),
    ...(route === undefined ? {} : { route }),
    ...(side === undefined ? {} : { side }),
  };
}

/**
 * Who may not read a namespace may not find out what is in it by asking for it either. Call it in the scope of the
 * answer. Throws WEFT-API-02.
 */
export function checkFilter(filter: TrafficFilter, scope: Scope): void {
  for (const field of ['from', 'to', 'service', 'route'] as const) {
    const [namespace = '', ...rest] = filter[field]?.split('/') ?? [];
    if (rest.length === 0 || scope.mayRead(namespace)) continue;
    throw forbidden(`${field}: you may not see what is in namespace ${namespace}.`);
  }
}

/** What the rows must be grouped by so that it can be told what of them somebody may see. */
const witnesses: readonly TrafficDimension[] = ['sourceNamespace', 'destinationNamespace'];

/** The question that replicas are asked: with the namespaces of both ends, where not everything may be seen. */
export function withWitnesses(query: TrafficQuery, everywhere: boolean): TrafficQuery {
  if (everywhere) return query;
  return { ...query, groupBy: [...new Set([...query.groupBy, ...witnesses])] };
}

/** Dimensions that name something in the namespace of one end. */
const endOf: Readonly<Partial<Record<TrafficDimension, 'source' | 'destination'>>> = {
  source: 'source',
  sourceVersion: 'source',
  destination: 'destination',
  destinationVersion: 'destination',
};

/**
 * The part of an answer that somebody may see, grouped as they asked: rows of which neither end is in a namespace they may
 * read are left out, and of what is in another one only its namespace is told. Rows that are alike afterwards add up
 * when parts are merged.
 */
export function visiblePart(part: TrafficPart, asked: TrafficQuery, scope: Scope): TrafficPart {
  if (scope.everywhere) return part;
  const grouped = withWitnesses(asked, false).groupBy;
  const at = (dimension: TrafficDimension): number => grouped.indexOf(dimension);
  const rows = part.rows.flatMap((row): readonly TrafficPartRow[] => {
    const source = row.group[at('sourceNamespace')] ?? '';
    const destination = row.group[at('destinationNamespace')] ?? '';
    const sees = { source: mayRead(scope, source), destination: mayRead(scope, destination) };
    if (!(sees.source && source !== '') && !(sees.destination && destination !== '')) return [];
    const group = asked.groupBy.map((dimension) => {
      const value = row.group[at(dimension)] ?? '';
      const end = endOf[dimension];
      if (end !== undefined)
        return sees[end] ? value : hidden(dimension, end === 'source' ? source : destination);
      if (dimension === 'service' || dimension === 'route') return visibleName(value, scope);
      return value;
    });
    return [{ ...row, group }];
  });
  return { ...part, rows };
}

/** What is outside of the cluster is in nobody's namespace. */
function mayRead(scope: Scope, namespace: string): boolean {
  return namespace === '' || scope.mayRead(namespace);
}

function hidden(dimension: TrafficDimension, namespace: string): string {
  return dimension === 'source' || dimension === 'destination' ? namespace : '';
}

/** Of `namespace/name`; a host has no namespace. */
function visibleName(value: string, scope: Scope): string {
  const [namespace = '', ...rest] = value.split('/');
  return rest.length === 0 || mayRead(scope, namespace) ? value : namespace;
}
