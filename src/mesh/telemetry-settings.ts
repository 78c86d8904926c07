/**
 * What MeshConfig and TelemetryPolicy say of telemetry -> profiles. A section of a policy stands in the place of the
 * mesh's; what the section leaves out is as the mesh has it.
 */

import type { MeshConfig, TelemetryPolicy } from '../base/api.ts';
import { formatProblem } from '../base/log-format.ts';
import type { AccessLog, OtlpProvider, TelemetryProfile, TelemetrySettings, Tracing } from './model.ts';

type Written = NonNullable<MeshConfig['spec']['telemetry']>;
type Sections = Pick<TelemetryPolicy['spec'], 'accessLog' | 'tracing' | 'metrics' | 'tap'>;
type Providers = TelemetrySettings['providers'];

export type Section = keyof Sections;
export const sections = ['accessLog', 'tracing', 'metrics', 'tap'] as const satisfies readonly Section[];

const nothing: TelemetryProfile = { metrics: true, tap: true };

/** Of the traces that begin at a proxy, where nobody says how many. */
const defaultSamplingPercent = 1;

/** Parts of it that cannot be used, although the schema of MeshConfig refuses them, are left out. */
export function telemetrySettings(written: Written | undefined): TelemetrySettings {
  const providers = Object.fromEntries(
    (written?.providers ?? []).map((each) => [each.name, provider(each)] as const).filter(isUsable),
  );
  const { accessLog, tracing } = written ?? {};
  const profile = applySections(
    nothing,
    { ...(accessLog && { accessLog }), ...(tracing && { tracing }) },
    providers,
  );
  const metricsExport = providers[written?.metrics?.provider ?? ''];
  return { providers, profile, ...(metricsExport === undefined ? {} : { metricsExport }) };
}

function provider({
  name,
  protocol,
  service,
  address = '',
}: NonNullable<Written['providers']>[number]): OtlpProvider {
  if (service !== undefined) {
    const servicePort = `${service.namespace}/${service.name}:${service.port}`;
    return { name, protocol, target: { kind: 'service', servicePort } };
  }
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { name, protocol, target: { kind: 'host', host, port: Number(address.slice(colon + 1)) } };
}

/** The schema lets nothing else in; an older one might. */
function isUsable([name, { target }]: readonly [string, OtlpProvider]): boolean {
  if (!/^[a-z0-9-]{1,63}$/.test(name)) return false;
  const port = target.kind === 'host' ? target.port : Number(target.servicePort.split(':').at(-1));
  const host = target.kind === 'host' ? target.host : target.servicePort.split(':')[0];
  return Number.isInteger(port) && port >= 1 && port <= 65_535 && /^[A-Za-z0-9.:/-]+$/.test(host ?? '');
}

/** The profile with these sections in the place of its own; sections that cannot be used change nothing. */
export function applySections(
  base: TelemetryProfile,
  written: Sections,
  providers: Providers,
): TelemetryProfile {
  const usable = sections.filter(
    (name) => written[name] !== undefined && sectionProblem(name, written, base, providers) === undefined,
  );
  const { accessLog, tracing, ...rest } = base;
  const log = usable.includes('accessLog') ? accessLogOf(written.accessLog, accessLog, providers) : accessLog;
  const traces = usable.includes('tracing') ? tracingOf(written.tracing, tracing, providers) : tracing;
  return {
    metrics: written.metrics === undefined ? rest.metrics : written.metrics.mode === 'On',
    tap: written.tap === undefined ? rest.tap : written.tap === 'Allow',
    ...(log === undefined ? {} : { accessLog: log }),
    ...(traces === undefined ? {} : { tracing: traces }),
  };
}

/** Why a section cannot be used; undefined where it can. `base` is the profile of the mesh. */
export function sectionProblem(
  name: Section,
  { accessLog, tracing }: Sections,
  base: TelemetryProfile,
  providers: Providers,
): string | undefined {
  const unknown = (wanted: string | undefined): string | undefined =>
    wanted === undefined || Object.hasOwn(providers, wanted)
      ? undefined
      : `the MeshConfig has no telemetry provider ${wanted}`;
  if (name === 'accessLog' && accessLog?.mode === 'On') {
    return (
      unknown(accessLog.provider) ??
      formatsOf(accessLog)
        .map(formatProblem)
        .find((problem) => problem !== undefined) ??
      oddValue(oddLog(accessLog))
    );
  }
  if (name === 'tracing' && tracing?.mode === 'On') {
    if (tracing.provider === undefined && base.tracing === undefined) {
      return 'tracing names no provider, and the MeshConfig has none for traces';
    }
    return unknown(tracing.provider) ?? oddValue(oddTracing(tracing));
  }
  return undefined;
}

function oddValue(value: unknown): string | undefined {
  return value === undefined ? undefined : `${JSON.stringify(value)} is no value of this field`;
}

const isShare = (percent = 0): boolean => percent >= 0 && percent <= 100;
const isName = (name: string): boolean => /^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$/.test(name);
const isHeader = (name: string): boolean =>
  /^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$/.test(name) && name.length <= 128;

/** What the schema refuses, should an older one have let it in: a single such value could make Envoy refuse a listener. */
function oddLog({ format, filter }: WrittenLog): unknown {
  if (!isShare(filter?.samplingPercent)) return filter?.samplingPercent;
  const duration = filter?.minDuration ?? '0s';
  if (!/^(\d{1,5}(h|m|s|ms)){1,4}$/.test(duration)) return duration;
  return (
    format?.json?.find(({ name }) => !isName(name))?.name ??
    filter?.statusClasses?.find((each) => !statusClasses.has(each))
  );
}

const statusClasses: ReadonlySet<string> = new Set(['1xx', '2xx', '3xx', '4xx', '5xx', 'none']);

function oddTracing({ samplingPercent, forceHeader, customTags }: NonNullable<Sections['tracing']>): unknown {
  if (!isShare(samplingPercent)) return samplingPercent;
  if (forceHeader !== undefined && !isHeader(forceHeader)) return forceHeader;
  return customTags?.find(
    ({ name, literal, requestHeader = 'x' }) => !isName(name) || literal === '' || !isHeader(requestHeader),
  );
}

/** Every format string of an access log. */
export function formatsOf({ format }: NonNullable<Sections['accessLog']>): readonly string[] {
  return [
    ...(format?.json ?? []).map(({ value }) => value),
    ...(format?.text === undefined ? [] : [format.text]),
  ];
}

function accessLogOf(
  written: Sections['accessLog'],
  base: AccessLog | undefined,
  providers: Providers,
): AccessLog | undefined {
  if (written?.mode !== 'On') return undefined;
  const { format, filter, provider: name } = written;
  const sink = name === undefined ? base?.provider : providers[name];
  const chosen = filter === undefined ? base : filterOf(filter);
  return {
    format: format === undefined ? (base?.format ?? defaultFormat) : formatOf(format),
    ...(chosen?.statusClasses === undefined ? {} : { statusClasses: chosen.statusClasses }),
    ...(chosen?.minDurationMs === undefined ? {} : { minDurationMs: chosen.minDurationMs }),
    ...(chosen?.samplingPercent === undefined ? {} : { samplingPercent: chosen.samplingPercent }),
    ...(sink === undefined ? {} : { provider: sink }),
  };
}

type WrittenLog = NonNullable<Sections['accessLog']>;

function formatOf({ json, text }: NonNullable<WrittenLog['format']>): AccessLog['format'] {
  if (text !== undefined) return { kind: 'text', text };
  return json === undefined ? defaultFormat : { kind: 'json', fields: json };
}

function filterOf({
  statusClasses,
  minDuration,
  samplingPercent,
}: NonNullable<WrittenLog['filter']>): Pick<
  AccessLog,
  'statusClasses' | 'minDurationMs' | 'samplingPercent'
> {
  return {
    ...(statusClasses === undefined || statusClasses.length === 0
      ? {}
      : { statusClasses: [...new Set(statusClasses)].sort() }),
    ...(minDuration === undefined ? {} : { minDurationMs: milliseconds(minDuration) }),
    ...(samplingPercent === undefined ? {} : { samplingPercent }),
  };
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Of a duration as GEP-2257 writes them; the schema has looked at its form. At most what Envoy can compare with: 49 days. */
function milliseconds(text: string): number {
  const sum = [...text.matchAll(/(\d+)(h|ms|m|s)/g)].reduce(
    (total, [, count = '0', unit = 'ms']) => total + Number(count) * (units[unit] ?? 0),
    0,
  );
  return Math.min(sum, 0xffff_ffff);
}

function tracingOf(
  written: Sections['tracing'],
  base: Tracing | undefined,
  providers: Providers,
): Tracing | undefined {
  if (written?.mode !== 'On') return undefined;
  const sink = written.provider === undefined ? base?.provider : providers[written.provider];
  if (sink === undefined) return undefined;
  const forceHeader = written.forceHeader ?? base?.forceHeader;
  return {
    provider: sink,
    samplingPercent: written.samplingPercent ?? base?.samplingPercent ?? defaultSamplingPercent,
    customTags: written.customTags === undefined ? (base?.customTags ?? []) : tagsOf(written.customTags),
    ...(forceHeader === undefined ? {} : { forceHeader }),
    readB3: written.readB3 ?? base?.readB3 ?? false,
  };
}

function tagsOf(written: NonNullable<NonNullable<Sections['tracing']>['customTags']>): Tracing['customTags'] {
  return written
    .map(({ name, literal, requestHeader }) =>
      literal === undefined
        ? ({ name, kind: 'requestHeader', value: requestHeader ?? '' } as const)
        : ({ name, kind: 'literal', value: literal } as const),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a line says where nobody says it. */
export const defaultFormat: AccessLog['format'] = {
  kind: 'json',
  fields: [
    ['time', '%START_TIME%'],
    ['method', '%REQ(:METHOD)%'],
    ['authority', '%REQ(:AUTHORITY)%'],
    ['path', '%REQ(:PATH)%'],
    ['protocol', '%PROTOCOL%'],
    ['status', '%RESPONSE_CODE%'],
    ['flags', '%RESPONSE_FLAGS%'],
    ['details', '%RESPONSE_CODE_DETAILS%'],
    ['grpcStatus', '%GRPC_STATUS_NUMBER%'],
    ['durationMs', '%DURATION%'],
    ['bytesReceived', '%BYTES_RECEIVED%'],
    ['bytesSent', '%BYTES_SENT%'],
    ['route', '%ROUTE_NAME%'],
    ['cluster', '%UPSTREAM_CLUSTER%'],
    ['upstream', '%UPSTREAM_HOST%'],
    ['attempts', '%UPSTREAM_REQUEST_ATTEMPT_COUNT%'],
    ['client', '%DOWNSTREAM_REMOTE_ADDRESS%'],
    ['clientIdentity', '%DOWNSTREAM_PEER_URI_SAN%'],
    ['serverIdentity', '%UPSTREAM_PEER_URI_SAN%'],
    ['requestId', '%REQ(X-REQUEST-ID)%'],
    ['traceId', '%TRACE_ID%'],
    ['userAgent', '%REQ(USER-AGENT)%'],
  ].map(([name = '', value = '']) => ({ name, value })),
};
