/** What `weft stat` and `weft top` ask for: rows of what, counted at which end, and between whom. */

import { WeftError } from '../base/errors.ts';
import { kindOfWorkload } from '../base/traffic-ends.ts';
import type { TrafficDimension, TrafficRow } from '../telemetry/model.ts';
import { oneOf } from './context.ts';
import { endOfTraffic } from './targets.ts';

export interface StatRequest {
  /** As typed: `deploy`, `deploy/web`, `svc`, `route/shop-rules`. */
  readonly what: string;
  /** Undefined for all. */
  readonly namespace: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** More dimensions, separated by commas. */
  readonly by?: string | undefined;
  readonly windowMs: number;
}

export interface StatQuestion {
  readonly namespace: string | undefined;
  readonly dimensions: readonly TrafficDimension[];
  /** Of the columns, where the usual one would mislead. */
  readonly titles: Readonly<Partial<Record<TrafficDimension, string>>>;
  /** Whose count is taken where both ends have counted. */
  readonly preferred: 'client' | 'server';
  readonly query: Readonly<Record<string, string | undefined>>;
  /** Of the answer, what was asked for. */
  readonly keep: (row: TrafficRow) => boolean;
}

type Kind = 'workload' | 'service' | 'route' | 'gateway' | 'version' | 'namespace';

const kinds: Readonly<Record<string, Kind>> = {
  workload: 'workload',
  workloads: 'workload',
  version: 'version',
  versions: 'version',
  svc: 'service',
  service: 'service',
  services: 'service',
  route: 'route',
  routes: 'route',
  gateway: 'gateway',
  gateways: 'gateway',
  gw: 'gateway',
  ns: 'namespace',
  namespace: 'namespace',
  namespaces: 'namespace',
};

const dimensions: readonly TrafficDimension[] = [
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

/** Throws WeftError WEFT-CLI-03. */
export function statQuestion(request: StatRequest): StatQuestion {
  const { namespace, windowMs } = request;
  const slash = request.what.indexOf('/');
  const kindText = slash < 0 ? request.what : request.what.slice(0, slash);
  const name = slash < 0 ? undefined : request.what.slice(slash + 1);
  const ownNamespace = namespace ?? 'default';
  const known = kinds[kindText];
  const workloadKind = known === undefined ? kindOfWorkload(kindText) : undefined;
  const kind = known ?? (workloadKind === undefined ? undefined : 'workload');
  if (kind === undefined) {
    throw new WeftError(
      'WEFT-CLI-03',
      `${JSON.stringify(kindText)} is none of workload, deploy and the other kinds of workloads, svc, route, gateway, version, ns.`,
    );
  }
  const from = request.from === undefined ? undefined : endOfTraffic('--from', request.from, ownNamespace);
  const to = request.to === undefined ? undefined : endOfTraffic('--to', request.to, ownNamespace);
  if (from !== undefined && 'service' in from) {
    throw new WeftError('WEFT-CLI-03', 'A Service calls nobody; name a workload or a namespace.', {
      field: '--from',
    });
  }
  // Whoever calls is shown where only the called is named; else whoever is called.
  const bySource = request.to !== undefined && request.from === undefined;
  const shape = shapeOf(kind, bySource);
  const more = (request.by ?? '').split(',').filter(Boolean);
  const wanted = [...new Set([...shape.dimensions, ...more.map((one) => oneOf('--by', one, dimensions))])];
  const first = wanted[0] ?? 'destination';
  const isNamed = named(kind, workloadKind, name, ownNamespace, namespace === undefined);
  // Between named ends, where they are does not matter any more.
  const between = request.from !== undefined || request.to !== undefined;
  return {
    namespace,
    dimensions: wanted,
    titles: shape.titles,
    preferred: between ? 'client' : shape.preferred,
    query: {
      groupBy: [...new Set(['side', ...wanted])].join(','),
      window: `${Math.round(windowMs / 1000)}s`,
      from: from?.workload,
      to: to !== undefined && 'workload' in to ? to.workload : undefined,
      service: to !== undefined && 'service' in to ? to.service : undefined,
    },
    keep: ({ group }) => {
      const value = group[first] ?? '';
      return isNamed(value) && (between || namespace === undefined || namespaceOfName(value) === namespace);
    },
  };
}

type Shape = Pick<StatQuestion, 'dimensions' | 'titles' | 'preferred'>;

function shapeOf(kind: Kind, bySource: boolean): Shape {
  const end = bySource ? 'source' : 'destination';
  if (kind === 'service') return { dimensions: ['service'], titles: {}, preferred: 'client' };
  if (kind === 'route') return { dimensions: ['route', 'service'], titles: {}, preferred: 'client' };
  if (kind === 'gateway')
    return { dimensions: ['source'], titles: { source: 'GATEWAY' }, preferred: 'client' };
  if (kind === 'namespace') {
    return {
      dimensions: [`${end}Namespace`],
      titles: { [`${end}Namespace`]: 'NAMESPACE' },
      preferred: 'server',
    };
  }
  const titles = { [end]: 'WORKLOAD', [`${end}Version`]: 'VERSION' };
  return {
    dimensions: kind === 'version' ? [end, `${end}Version`] : [end],
    titles,
    preferred: bySource ? 'client' : 'server',
  };
}

/** Whether a value of the first dimension is of the kind, and of the name if there is one. */
function named(
  kind: Kind,
  workloadKind: string | undefined,
  name: string | undefined,
  namespace: string,
  everywhere: boolean,
): (value: string) => boolean {
  const isKind = (value: string): boolean => {
    if (value === '') return false;
    if (kind === 'gateway') return value.split('/')[1] === 'Gateway';
    return workloadKind === undefined || value.split('/')[1] === workloadKind;
  };
  if (name === undefined) return isKind;
  const [own, plain] = name.includes('/')
    ? [name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)]
    : [namespace, name];
  return (value) => {
    if (kind === 'namespace') return value === name;
    const parts = value.split('/');
    if (!isKind(value) || (parts[0] !== own && !(everywhere && !name.includes('/')))) return false;
    // Of workloads `namespace/Kind/name`, of Services `namespace/name:port`, of routes `namespace/name/rule`.
    const last = kind === 'service' || kind === 'route' ? parts[1] : parts[2];
    return last === plain || last?.split(':')[0] === plain;
  };
}

/** Of `namespace/…`, and of a namespace itself. */
function namespaceOfName(value: string): string {
  return value.split('/')[0] ?? '';
}
