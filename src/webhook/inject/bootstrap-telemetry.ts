/**
 * How a proxy reports what it counts: every ten seconds by OTLP to the control plane, over the connection that it has
 * anyway. Each proxy's ten seconds begin when it started, so that a thousand of them do not report all at once.
 */

import type { JsonObject } from '../../base/json.ts';
import { envoyBounds, reportedStatistics, reportIntervalSeconds, scopePrefix } from '../../base/signals.ts';

const extensions = 'type.googleapis.com/envoy.extensions';
const otlp = `${extensions}.stat_sinks.open_telemetry.v3.SinkConfig`;

/** How long a series may be without news until it makes room for others: an hour, as long as telemetry is kept. */
const evictionSeconds = 3600;

/** Fields of the bootstrap. What did not change since the last report is not in the next. */
export const reporting: JsonObject = {
  stats_flush_interval: `${reportIntervalSeconds}s`,
  stats_eviction_interval: `${evictionSeconds}s`,
  stats_sinks: [
    {
      name: 'weft',
      typed_config: {
        '@type': otlp,
        grpc_service: { envoy_grpc: { cluster_name: 'xds' }, timeout: `${reportIntervalSeconds}s` },
        report_counters_as_deltas: true,
        report_histograms_as_deltas: true,
        custom_metric_conversions: { matcher_list: { matchers: [dropAllBut(reportedStatistics)] } },
      },
    },
  ],
};

/** Of `stats_config`. */
export const histogramBuckets: JsonObject = {
  histogram_bucket_settings: [{ match: { prefix: `${scopePrefix}.` }, buckets: [...envoyBounds] }],
};

function dropAllBut(regex: string): JsonObject {
  return {
    predicate: {
      not_matcher: {
        single_predicate: {
          input: {
            name: 'name',
            typed_config: { '@type': `${extensions}.matching.common_inputs.stats.v3.StatFullNameMatchInput` },
          },
          value_match: { safe_regex: { google_re2: {}, regex } },
        },
      },
    },
    on_match: { action: { name: 'drop', typed_config: { '@type': `${otlp}.DropAction` } } },
  };
}
