/**
 * Tells the control plane of traced requests, so that a histogram can name one of its requests (telemetry/exemplars.ts). Only
 * at the destination, only where traces are recorded, and of one request in a hundred at most: by the same digits of the
 * request's number by which Envoy samples traces, so that of few traces all are told.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { exemplarFormat, exemplarsInTenThousand, reportIntervalSeconds } from '../../base/signals.ts';
import type { AccessLogSchema } from '../proto/envoy/config/accesslog/v3/accesslog_pb.js';
import { OpenTelemetryAccessLogConfigSchema } from '../proto/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb.js';
import { FractionalPercent_DenominatorType } from '../proto/envoy/type/v3/percent_pb.js';
import { duration, extension } from './encode.ts';

const { TEN_THOUSAND } = FractionalPercent_DenominatorType;

/** The tracer has written it for the application. Envoy's own filter of traceable requests lets none pass (seen in 1.40). */
const isRecorded = {
  name: 'traceparent',
  headerMatchSpecifier: {
    case: 'stringMatch',
    value: { matchPattern: { case: 'suffix', value: '-01' } },
  },
} as const;

export const exemplarLog: MessageInitShape<typeof AccessLogSchema> = {
  ...extension('exemplars', OpenTelemetryAccessLogConfigSchema, {
    grpcService: {
      targetSpecifier: { case: 'envoyGrpc', value: { clusterName: 'xds' } },
      timeout: duration(reportIntervalSeconds * 1_000),
    },
    body: { value: { case: 'stringValue', value: exemplarFormat } },
    disableBuiltinLabels: true,
  }),
  filter: {
    filterSpecifier: {
      case: 'andFilter',
      value: {
        filters: [
          { filterSpecifier: { case: 'headerFilter', value: { header: isRecorded } } },
          {
            filterSpecifier: {
              case: 'runtimeFilter',
              value: {
                runtimeKey: 'weft.exemplars',
                percentSampled: { numerator: exemplarsInTenThousand, denominator: TEN_THOUSAND },
              },
            },
          },
        ],
      },
    },
  },
};
