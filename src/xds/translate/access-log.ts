/** Access logs that people asked for: as lines on the standard output of the proxy, or by OTLP to a provider. */

import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import type { AccessLog, StatusClass } from '../../mesh/model.ts';
import {
  type AccessLogFilterSchema,
  type AccessLogSchema,
  ComparisonFilter_Op,
  type ComparisonFilterSchema,
} from '../proto/envoy/config/accesslog/v3/accesslog_pb.js';
import { OpenTelemetryAccessLogConfigSchema } from '../proto/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb.js';
import { StdoutAccessLogSchema } from '../proto/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import { extension } from './encode.ts';
import { grpcService, httpService, whose } from './otlp.ts';
import { fraction } from './sampling.ts';

type Logger = Exclude<MessageInitShape<typeof AccessLogSchema>, { $typeName: string }>;
type Filter = MessageInitShape<typeof AccessLogFilterSchema>;

export function requestLog(accessLog: AccessLog): Logger {
  const filter = filterOf(accessLog);
  const logger = accessLog.provider === undefined ? toStdout(accessLog.format) : toProvider(accessLog);
  return { ...logger, ...(filter === undefined ? {} : { filter }) };
}

function toStdout(format: AccessLog['format']): Logger {
  const line =
    format.kind === 'text'
      ? ({
          case: 'textFormatSource',
          value: { specifier: { case: 'inlineString', value: `${format.text}\n` } },
        } as const)
      : ({ case: 'jsonFormat', value: jsonFields(format.fields) } as const);
  return extension('access-log', StdoutAccessLogSchema, {
    accessLogFormat: { case: 'logFormat', value: { format: line } },
  });
}

/** Ascending by name: equal settings must give equal bytes, and Envoy orders them so anyway. */
function jsonFields(fields: readonly { readonly name: string; readonly value: string }[]): JsonObject {
  return Object.fromEntries(ascending(fields).map(({ name, value }) => [name, value]));
}

function ascending<T extends { readonly name: string }>(fields: readonly T[]): readonly T[] {
  return [...fields].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The fields of JSON as attributes, text as body. The trace that a request belongs to is a field of OTLP's own. */
function toProvider({ format, provider }: AccessLog): Logger {
  if (provider === undefined) throw new Error('an access log without a provider goes to the standard output');
  const text = (value: string) => ({ value: { case: 'stringValue', value } }) as const;
  const content =
    format.kind === 'text'
      ? { body: text(format.text) }
      : {
          attributes: {
            values: ascending(format.fields).map(({ name, value }) => ({ key: name, value: text(value) })),
          },
        };
  const sink =
    provider.protocol === 'GRPC'
      ? { grpcService: grpcService(provider) }
      : { httpService: httpService(provider, 'logs') };
  return extension('access-log', OpenTelemetryAccessLogConfigSchema, {
    ...sink,
    ...content,
    disableBuiltinLabels: true,
    resourceDetectors: [...whose],
  });
}

function filterOf({ statusClasses, minDurationMs, samplingPercent }: AccessLog): Filter | undefined {
  const filters: Filter[] = [];
  if (statusClasses !== undefined) filters.push(anyOf(statusClasses.map(ofClass)));
  if (minDurationMs !== undefined) {
    filters.push({
      filterSpecifier: { case: 'durationFilter', value: { comparison: atLeast(minDurationMs) } },
    });
  }
  if (samplingPercent !== undefined) {
    filters.push({
      filterSpecifier: {
        case: 'runtimeFilter',
        value: { runtimeKey: 'weft.access-log', percentSampled: fraction(samplingPercent) },
      },
    });
  }
  return allOf(filters);
}

function anyOf(filters: readonly Filter[]): Filter {
  const [only] = filters;
  if (only !== undefined && filters.length === 1) return only;
  return { filterSpecifier: { case: 'orFilter', value: { filters: [...filters] } } };
}

function allOf(filters: readonly Filter[]): Filter | undefined {
  if (filters.length < 2) return filters[0];
  return { filterSpecifier: { case: 'andFilter', value: { filters: [...filters] } } };
}

/** A request that got no answer has the status 0. */
function ofClass(statusClass: StatusClass): Filter {
  const status = (comparison: MessageInitShape<typeof ComparisonFilterSchema>): Filter => ({
    filterSpecifier: { case: 'statusCodeFilter', value: { comparison } },
  });
  if (statusClass === 'none') return status(atMost(0));
  const first = Number(statusClass[0]) * 100;
  const both = allOf([status(atLeast(first)), status(atMost(first + 99))]);
  return both ?? status(atLeast(first));
}

/** The key is one that nobody sets; Envoy demands one. */
function atLeast(value: number): MessageInitShape<typeof ComparisonFilterSchema> {
  return { op: ComparisonFilter_Op.GE, value: { defaultValue: value, runtimeKey: 'weft.never-set' } };
}

function atMost(value: number): MessageInitShape<typeof ComparisonFilterSchema> {
  return { op: ComparisonFilter_Op.LE, value: { defaultValue: value, runtimeKey: 'weft.never-set' } };
}
