/**
 * Traces by Envoy's OpenTelemetry tracer. It reads and sends W3C Trace Context. What it does not do by itself is done to
 * the headers before it sees them ("early header mutation"):
 *
 *   - It records a trace that began elsewhere only where its own chance says so too. A request whose trace is recorded is
 *     therefore marked as one to be traced in any case, by the header that Envoy has for that. Not at a gateway, where
 *     anybody could say so.
 *   - It does not read B3. Where that is asked for, traceparent is put together from B3's headers.
 *
 * How many traces begin here stands in the listener, or for single routes in these, so that a change of the latter closes
 * no connection.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Tracing } from '../../mesh/model.ts';
import { HeaderValueOption_HeaderAppendAction as Append } from '../proto/envoy/config/core/v3/base_pb.js';
import type { HeaderMutationSchema as MutationSchema } from '../proto/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js';
import { OpenTelemetryConfigSchema } from '../proto/envoy/config/trace/v3/opentelemetry_pb.js';
import { HeaderMutationSchema } from '../proto/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.js';
import type {
  HttpConnectionManager_TracingSchema,
  HttpConnectionManagerSchema,
} from '../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { extension, pack } from './encode.ts';
import { grpcService, httpService, whose } from './otlp.ts';

type ConnectionManager = Exclude<MessageInitShape<typeof HttpConnectionManagerSchema>, { $typeName: string }>;
type TracingInit = Exclude<
  MessageInitShape<typeof HttpConnectionManager_TracingSchema>,
  { $typeName: string }
>;
type Mutation = MessageInitShape<typeof MutationSchema>;

/** Where a span is recorded. A gateway is the server of its clients and a client of its backends, in spans of their own. */
export type Place = 'client' | 'server' | 'gateway';

/** `service` is the key of the ServicePort that is called, or a command that gives it; absent where nothing does. */
export function tracingOf(
  place: Place,
  tracing: Tracing,
  service: string | undefined,
): Pick<ConnectionManager, 'tracing' | 'earlyHeaderMutationExtensions'> {
  const mutations = headerMutations(place, tracing);
  const config: TracingInit = {
    randomSampling: { value: tracing.samplingPercent },
    customTags: tagsOf(place, tracing, service),
    operation: operationOf(place, service),
    ...(place === 'gateway' ? { spawnUpstreamSpan: true } : {}),
    provider: extension('envoy.tracers.opentelemetry', OpenTelemetryConfigSchema, {
      ...(tracing.provider.protocol === 'GRPC'
        ? { grpcService: grpcService(tracing.provider) }
        : { httpService: httpService(tracing.provider, 'traces') }),
      resourceDetectors: [...whose],
    }),
  };
  return {
    tracing: config,
    ...(mutations.length === 0
      ? {}
      : {
          earlyHeaderMutationExtensions: [
            { name: 'trace-headers', typedConfig: pack(HeaderMutationSchema, { mutations: [...mutations] }) },
          ],
        }),
  };
}

/** Few different names: what has many values is a tag. */
function operationOf(place: Place, service: string | undefined): string {
  const method = '%REQ(:METHOD)%';
  return place === 'client' && service !== undefined ? `${method} ${service}` : method;
}

const identities: Readonly<Record<Place, readonly (readonly [tag: string, format: string])[]>> = {
  client: [
    ['weft.source.identity', '%UPSTREAM_LOCAL_URI_SAN%'],
    ['weft.destination.identity', '%UPSTREAM_PEER_URI_SAN%'],
  ],
  server: [
    ['weft.source.identity', '%DOWNSTREAM_PEER_URI_SAN%'],
    ['weft.destination.identity', '%DOWNSTREAM_LOCAL_URI_SAN%'],
  ],
  gateway: [
    ['weft.source.identity', '%UPSTREAM_LOCAL_URI_SAN%'],
    ['weft.destination.identity', '%UPSTREAM_PEER_URI_SAN%'],
  ],
};

function tagsOf(
  place: Place,
  { customTags }: Tracing,
  service: string | undefined,
): NonNullable<TracingInit['customTags']> {
  const formats = [
    ...identities[place],
    ...(place === 'server' ? [] : [['weft.route', '%ROUTE_NAME%'] as const]),
    ...(service === undefined ? [] : [['weft.service', service] as const]),
  ];
  return [
    ...formats.map(([tag, value]) => ({ tag, type: { case: 'value', value } }) as const),
    ...customTags.map(({ name, kind, value }) =>
      kind === 'literal'
        ? ({ tag: name, type: { case: 'literal', value: { value } } } as const)
        : ({ tag: name, type: { case: 'requestHeader', value: { name: value } } } as const),
    ),
  ];
}

/** Envoy traces a request that has this header in any case. */
const forcedHeader = 'x-client-trace-id';

function headerMutations(place: Place, { forceHeader, readB3 }: Tracing): readonly Mutation[] {
  const reasons = [
    ...(forceHeader === undefined ? [] : [`'${forceHeader}' in request.headers`]),
    ...(place === 'gateway' ? [] : [isRecorded]),
  ];
  return [
    // Whoever is outside of the mesh decides nothing here, except by the header that people have chosen for it.
    ...(place === 'gateway' ? [remove(forcedHeader)] : []),
    ...(readB3 ? b3Mutations : []),
    ...(reasons.length === 0
      ? []
      : [set(forcedHeader, `%CEL(${reasons.join(' || ')} ? '1' : '')%`, Append.OVERWRITE_IF_EXISTS_OR_ADD)]),
  ];
}

/** The flags of traceparent are two digits; the second bit says that its number is random. */
const isRecorded = `request.headers['traceparent'].endsWith('-01') || request.headers['traceparent'].endsWith('-03')`;

/** What is sampled elsewhere or not at all is 01 or 00; where nothing is said, a bit more, which leaves the choice to this proxy. */
const undecided = '05';

const single = `request.headers['b3']`;
const sampled = `request.headers['x-b3-sampled']`;

/** {trace}-{span}[-{flag}[-{parent}]]: the lengths tell how many digits the trace has, and what there is. */
const singleFlags = `%CEL(${single}.endsWith('-0') || ${single}.contains('-0-') ? '00' : size(${single}) in [33, 49] ? '${undecided}' : '01')%`;
const multipleFlags = `%CEL('x-b3-sampled' in request.headers ? (${sampled} in ['0', 'false'] ? '00' : '01') : 'x-b3-flags' in request.headers ? '01' : '${undecided}')%`;

const long = 'x-weft-b3-long';
const short = 'x-weft-b3-short';

/** A trace of 16 digits is one of 32 with zeros before it. A condition may choose between headers, but not cut them. */
const shortTrace = '0'.repeat(16);

/** https://github.com/openzipkin/b3-propagation. What traceparent says goes first. */
const b3Mutations: readonly Mutation[] = [
  ...converted(
    `00-%REQ(b3):49%-${singleFlags}`,
    `00-${shortTrace}%REQ(b3):33%-${singleFlags}`,
    `size(${single}) in [49, 51, 68]`,
    `size(${single}) in [33, 35, 52]`,
  ),
  ...converted(
    `00-%REQ(x-b3-traceid)%-%REQ(x-b3-spanid)%-${multipleFlags}`,
    `00-${shortTrace}%REQ(x-b3-traceid)%-%REQ(x-b3-spanid)%-${multipleFlags}`,
    `size(request.headers['x-b3-traceid']) == 32 && size(request.headers['x-b3-spanid']) == 16`,
    `size(request.headers['x-b3-traceid']) == 16 && size(request.headers['x-b3-spanid']) == 16`,
  ),
];

function converted(
  longValue: string,
  shortValue: string,
  isLong: string,
  isShort: string,
): readonly Mutation[] {
  const chosen = `%CEL(${isLong} ? request.headers['${long}'] : ${isShort} ? request.headers['${short}'] : '')%`;
  return [
    set(long, longValue, Append.OVERWRITE_IF_EXISTS_OR_ADD),
    set(short, shortValue, Append.OVERWRITE_IF_EXISTS_OR_ADD),
    set('traceparent', chosen, Append.ADD_IF_ABSENT),
    remove(long),
    remove(short),
  ];
}

function set(key: string, value: string, appendAction: Append): Mutation {
  return { action: { case: 'append', value: { header: { key, value }, appendAction } } };
}

function remove(name: string): Mutation {
  return { action: { case: 'remove', value: name } };
}
