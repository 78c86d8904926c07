/**
 * Which statistics a proxy keeps. Envoy has hundreds per cluster; these are the golden ones, those that tell
 * identity and configuration trouble, and the proxy's own health. What is not listed costs no memory.
 */

import type { JsonObject } from '../../base/json.ts';
import { scopePrefix, tcpPrefixes } from '../../base/signals.ts';

const perCluster = [
  'upstream_rq(_[1-5]xx|_total|_active|_time|_timeout|_retry|_retry_success|_pending_overflow|_rx_reset|_tx_reset)',
  'upstream_cx_(total|active|connect_fail|connect_timeout|overflow|rx_bytes_total|tx_bytes_total)',
  'upstream_cx_destroy_remote_with_active_rq',
  'membership_(total|healthy)',
  'ssl\\.(handshake|connection_error|fail_verify_san|fail_verify_error|fail_verify_no_cert)',
  'update_(rejected|failure)',
];
const perHttp = [
  'downstream_rq_([1-5]xx|total|active|time|timeout|rx_reset|tx_reset)',
  'downstream_cx_(total|active|protocol_error)',
  'no_(route|cluster)',
  'rbac\\..*',
];
const perTcp = ['downstream_cx_(total|no_route|rx_bytes_total|tx_bytes_total)', 'rbac\\..*'];
const perListener = [
  'downstream_cx_(total|active|destroy)',
  'downstream_pre_cx_timeout',
  'no_filter_chain_match',
  'ssl\\.(handshake|connection_error|fail_verify_san|fail_verify_error|fail_verify_no_cert)',
];

const perUdp = ['downstream_sess_(total|active|no_route)', 'downstream_sess_(rx|tx)_bytes', 'idle_timeout'];

/**
 * Destinations, whose names have no dots, and some of the bootstrap; not the sub-scopes `external`, `internal` and
 * `canary`. Those of probes must be among them: the health check filter decides by the statistic `membership_healthy`.
 */
const clusters = 'cluster\\.((svc|pod|udp)/[^.]*|probe-[^.]*|xds|inbound-app|passthrough)';

export const statsMatcher: JsonObject = {
  inclusion_list: {
    patterns: [
      ...[
        'server.',
        'cluster_manager.',
        'listener_manager.',
        'control_plane.',
        'sds.',
        'overload.',
        `${scopePrefix}.`,
      ].map((prefix) => ({ prefix })),
      { contains: 'expiration_unix_time_seconds' },
      one(clusters, perCluster),
      one('http\\.(inbound-mesh|inbound-plain|outbound|gateway)', [
        ...perHttp,
        'rds\\..*\\.(update_rejected|config_reload)',
      ]),
      one(`tcp\\.(svc/[^.]*|${Object.keys(tcpPrefixes).join('|')})`, perTcp),
      one('udp\\.gateway', perUdp),
      one('listener\\..*', perListener),
    ],
  },
};

function one(scope: string, names: readonly string[]): JsonObject {
  return { safe_regex: { regex: `${scope}\\.(${names.join('|')})` } };
}
