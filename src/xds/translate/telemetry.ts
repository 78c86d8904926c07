/**
 * What proxies count, by Envoy's stats access logger: requests when they end, connections when they are established and
 * when they end. All loggers of a proxy share one scope, which bounds what they may keep together.
 *
 * Every tag costs each request a fraction of a microsecond and each listener some forty bytes, so there are few: one
 * histogram per request, whose count is that of the requests, and no tag where its value is known to be empty.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFormat, peerMetadata, scopePrefix, signals, type Side, tags } from '../../base/signals.ts';
import type { TelemetryProfile } from '../../mesh/model.ts';
import type { AccessLogSchema } from '../proto/envoy/config/accesslog/v3/accesslog_pb.js';
import {
  Config_Histogram_Unit,
  type Config_TagSchema,
  ConfigSchema,
} from '../proto/envoy/extensions/access_loggers/stats/v3/stats_pb.js';
import { extension } from './encode.ts';

type AccessLog = MessageInitShape<typeof AccessLogSchema>;

/** What a connection manager or TCP proxy knows of all that it forwards. */
export interface Counted {
  readonly side: Side;
  /** Key of the ServicePort, or a command of Envoy's access logs that gives it or its cluster; absent where nothing does. */
  readonly service?: string;
  /** Whether the peer may have said who it is. */
  readonly peer: boolean;
  /** What is told of it at all. */
  readonly profile: TelemetryProfile;
}

/** The cluster that a gateway has chosen: its name has the key of the ServicePort in it. */
const chosenService = '%UPSTREAM_CLUSTER_RAW%';

/** Of whoever calls a Service, or a pod by its own address. */
export function asClient(service: string | undefined, profile: TelemetryProfile): Counted {
  return { side: 'client', peer: true, profile, ...(service === undefined ? {} : { service }) };
}

/** A gateway is the client of its backends; of its own clients it knows nothing that would be worth a series. */
export function throughGateway(profile: TelemetryProfile): Counted {
  return { side: 'client', service: chosenService, peer: true, profile };
}

/** Connections to outside of the mesh, by the address that was called. */
export function toOutside(profile: TelemetryProfile): Counted {
  return { side: 'client', service: '%DOWNSTREAM_LOCAL_ADDRESS%', peer: false, profile };
}

/**
 * Series of one proxy beyond which Envoy keeps no new ones, and says nothing of it. Far above what a workload has to
 * do with; what a flood of ever new addresses or status codes can reach is ten megabytes.
 */
export const seriesLimits = { maxCounters: 1_000, maxHistograms: 500, maxGauges: 1 } as const;

const scope = { ...seriesLimits, enableEviction: true, prefix: scopePrefix, sharingName: scopePrefix };

/** Of connection managers. */
export function countRequests(counted: Counted): AccessLog {
  const stat = {
    name: nameInScope(signals.duration),
    tags: tagged({
      ...commonTags(counted),
      // The routes of the server's side have no names.
      ...(counted.side === 'client' ? { [tags.route]: '%ROUTE_NAME%' } : {}),
      [tags.protocol]: '%PROTOCOL%',
      [tags.code]: '%RESPONSE_CODE%',
      [tags.flags]: '%RESPONSE_FLAGS%',
      [tags.grpc]: '%GRPC_STATUS_NUMBER%',
      ...(counted.side === 'client' ? { [tags.attempts]: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%' } : {}),
    }),
  };
  const histogram = { stat, unit: Config_Histogram_Unit.Microseconds, valueFormat: durationFormat };
  return extension('count', ConfigSchema, { statsScope: scope, histograms: [histogram] });
}

/** Of TCP proxies, whose bytes Envoy counts by itself while a connection is open. */
export function countConnections(counted: Counted): AccessLog {
  const stat = {
    name: nameInScope(signals.connections),
    tags: tagged({
      ...commonTags(counted),
      [tags.event]: '%ACCESS_LOG_TYPE%',
      [tags.flags]: '%RESPONSE_FLAGS%',
    }),
  };
  return extension('count', ConfigSchema, { statsScope: scope, counters: [{ stat, valueFixed: 1n }] });
}

function commonTags({ side, service, peer }: Counted): Readonly<Record<string, string>> {
  return {
    [tags.side]: side,
    ...(peer ? { [tags.peer]: peerFormats[side] } : {}),
    ...(service === undefined ? {} : { [tags.service]: service }),
  };
}

/** An endpoint has a certificate or metadata, never both. */
const peerFormats: Readonly<Record<Side, string>> = {
  client: `%UPSTREAM_PEER_SUBJECT%%UPSTREAM_METADATA(${peerMetadata.namespace}:${peerMetadata.key})%`,
  server: '%DOWNSTREAM_PEER_SUBJECT%',
};

function tagged(values: Readonly<Record<string, string>>): MessageInitShape<typeof Config_TagSchema>[] {
  return Object.entries(values).map(([name, valueFormat]) => ({ name, valueFormat }));
}

function nameInScope(signal: string): string {
  return signal.slice(scopePrefix.length + 1);
}
