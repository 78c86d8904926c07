/**
 * What proxies count, by Envoy's stats access logger: requests when they end, connections when they are established and
 * when they end. All loggers of a proxy share one scope, which bounds what they may keep together.
 *
 * Every tag costs each request a fraction of a microsecond and each listener some forty bytes, so there are few: one
 * histogram per request, whose count is that of the requests, no tag where its value is known beforehand, and what only
 * few requests have is counted for these alone (docs/adr/few-tags.md).
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  durationFormat,
  flaggedRequests,
  peerMetadata,
  scopePrefix,
  type Side,
  signals,
  tags,
} from '../../base/signals.ts';
import type { TelemetryProfile } from '../../mesh/model.ts';
import type {
  AccessLogFilterSchema,
  AccessLogSchema,
} from '../proto/envoy/config/accesslog/v3/accesslog_pb.js';
import {
  Config_Histogram_Unit,
  type Config_StatSchema,
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
export function countRequests(counted: Counted): AccessLog[] {
  const ofRequest = {
    ...commonTags(counted),
    // The routes of the server's side have no names.
    ...(counted.side === 'client' ? { [tags.route]: '%ROUTE_NAME%' } : {}),
    [tags.code]: '%RESPONSE_CODE%',
  };
  const duration = {
    name: nameInScope(signals.duration[counted.side]),
    tags: tagged({
      ...ofRequest,
      [tags.protocol]: '%PROTOCOL%',
      [tags.grpc]: '%GRPC_STATUS_NUMBER%',
      ...(counted.side === 'client' ? { [tags.attempts]: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%' } : {}),
    }),
  };
  const flagged = {
    name: nameInScope(flaggedRequests[counted.side]),
    tags: tagged({ ...ofRequest, [tags.flags]: '%RESPONSE_FLAGS%' }),
  };
  return [
    extension('count', ConfigSchema, {
      statsScope: scope,
      histograms: [{ stat: duration, unit: Config_Histogram_Unit.Microseconds, valueFormat: durationFormat }],
    }),
    { ...counter('flagged', flagged), filter: withAnyFlag },
  ];
}

const withAnyFlag: MessageInitShape<typeof AccessLogFilterSchema> = {
  filterSpecifier: { case: 'responseFlagFilter', value: {} },
};

/** Of TCP proxies, whose bytes Envoy counts by itself while a connection is open. */
export function countConnections(counted: Counted): AccessLog {
  return counter('count', {
    name: nameInScope(signals.connections[counted.side]),
    tags: tagged({
      ...commonTags(counted),
      [tags.event]: '%ACCESS_LOG_TYPE%',
      [tags.flags]: '%RESPONSE_FLAGS%',
    }),
  });
}

function counter(name: string, stat: MessageInitShape<typeof Config_StatSchema>) {
  return extension(name, ConfigSchema, { statsScope: scope, counters: [{ stat, valueFixed: 1n }] });
}

function commonTags({ side, service, peer }: Counted): Readonly<Record<string, string>> {
  return {
    ...(peer ? { [tags.peer]: peerFormats[side] } : {}),
    ...(service === undefined ? {} : { [tags.service]: service }),
  };
}

/** An endpoint has a certificate or metadata, never both: metadata is only looked for where there was no certificate. */
const peerFormats: Readonly<Record<Side, string>> = {
  client: `%COALESCE(${JSON.stringify({
    operators: [
      { command: 'UPSTREAM_PEER_SUBJECT' },
      { command: 'UPSTREAM_METADATA', param: `${peerMetadata.namespace}:${peerMetadata.key}` },
    ],
  })})%`,
  server: '%DOWNSTREAM_PEER_SUBJECT%',
};

function tagged(values: Readonly<Record<string, string>>): MessageInitShape<typeof Config_TagSchema>[] {
  return Object.entries(values).map(([name, valueFormat]) => ({ name, valueFormat }));
}

function nameInScope(signal: string): string {
  return signal.slice(scopePrefix.length + 1);
}
