/**
 * The golden metrics as text for Prometheus: its own format 0.0.4 or, for exemplars, OpenMetrics 1.0. Each replica exposes
 * what it was told; the sum over all replicas is the mesh.
 */

import { durationBoundsMs } from '../base/signals.ts';
import { columns } from './counts.ts';
import type { GoldenDestination, GoldenEdge, GoldenMetrics } from './golden-metrics.ts';
import { responseClasses, type TrafficEnd } from './model.ts';

/** A request that stands for those of a bucket. */
export interface Exemplar {
  readonly traceId: string;
  readonly durationMs: number;
  /** Unix time. */
  readonly atMs: number;
}

/** Requests that were traced, by where they went and how long they took. */
export interface Exemplars {
  /** The newest of a workload, `shop/Deployment/web`, whose duration is in the bucket. */
  newest(destination: string, bucket: number): Exemplar | undefined;
}

export type ExpositionFormat = 'prometheus' | 'openmetrics';

type Labels = readonly (readonly [string, string])[];

/** Families by name without `_total`; all are counters. */
const counters: readonly (readonly [string, string, number])[] = [
  [
    'weft_mesh_request_failures',
    'Requests that the server failed: 5xx, no response, or such a status of gRPC.',
    columns.failures,
  ],
  ['weft_mesh_retries', 'Attempts beyond the first.', columns.retries],
  ['weft_mesh_connections_opened', 'TCP connections that were established.', columns.connectionsOpened],
  ['weft_mesh_connections_closed', 'TCP connections that ended.', columns.connectionsClosed],
  ['weft_mesh_sent_bytes', 'Bytes of TCP connections from the client to the server.', columns.bytesSent],
  [
    'weft_mesh_received_bytes',
    'Bytes of TCP connections from the server to the client.',
    columns.bytesReceived,
  ],
];

/** Families with their samples; without the `# EOF` that ends an OpenMetrics exposition. */
export function expose(metrics: GoldenMetrics, format: ExpositionFormat, exemplars?: Exemplars): string {
  const lines: string[] = [];
  const family = (name: string, type: string, help: string): void => {
    const named = type === 'counter' && format === 'prometheus' ? `${name}_total` : name;
    lines.push(`# HELP ${named} ${help}`, `# TYPE ${named} ${type}`);
  };
  const edges = [...metrics.edges].map((edge) => ({ edge, labels: labelsOf(edge) }));
  family('weft_mesh_requests', 'counter', 'Requests that ended, by the client where it has a proxy.');
  for (const { edge, labels } of edges) {
    for (const [index, name] of responseClasses.entries()) {
      const value = edge.values[columns.requests + index] ?? 0;
      if (value > 0)
        lines.push(sample('weft_mesh_requests_total', [...labels, ['response_class', name]], value));
    }
  }
  for (const [name, help, column] of counters) {
    family(name, 'counter', help);
    for (const { edge, labels } of edges) {
      const value = edge.values[column] ?? 0;
      if (value > 0) lines.push(sample(`${name}_total`, labels, value));
    }
  }
  family(
    'weft_mesh_request_duration_seconds',
    'histogram',
    'Until the last byte of the response, by destination.',
  );
  for (const destination of metrics.destinations) {
    lines.push(...histogram(destination, format === 'openmetrics' ? exemplars : undefined));
  }
  return `${lines.join('\n')}\n`;
}

function histogram(golden: GoldenDestination, exemplars: Exemplars | undefined): readonly string[] {
  const { destination, buckets, sumMs } = golden;
  const labels = endLabels('destination', destination);
  const key = `${destination.namespace}/${destination.name}`;
  const name = 'weft_mesh_request_duration_seconds';
  let below = 0;
  const lines = [...buckets].map((count, index) => {
    below += count;
    const bound = durationBoundsMs[index];
    const le = bound === undefined ? '+Inf' : floating(bound / 1_000);
    const line = sample(`${name}_bucket`, [...labels, ['le', le]], below);
    const exemplar = exemplars?.newest(key, index);
    if (exemplar === undefined) return line;
    const seconds = exemplar.durationMs / 1_000;
    return `${line} # {trace_id="${escaped(exemplar.traceId)}"} ${seconds} ${exemplar.atMs / 1_000}`;
  });
  return [...lines, sample(`${name}_sum`, labels, sumMs / 1_000), sample(`${name}_count`, labels, below)];
}

/** OpenMetrics wants bounds to be written as floating-point numbers. */
function floating(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function labelsOf({ source, destination, service, protocol, mtls }: GoldenEdge): Labels {
  return [
    ...endLabels('source', source),
    ...endLabels('destination', destination),
    ['service', service],
    ['protocol', protocol],
    ['mtls', String(mtls)],
  ];
}

function endLabels(side: 'source' | 'destination', { namespace, name }: TrafficEnd): Labels {
  return [
    [`${side}_namespace`, namespace],
    [`${side}_workload`, name],
  ];
}

function sample(name: string, labels: Labels, value: number): string {
  return `${name}{${labels.map(([label, text]) => `${label}="${escaped(text)}"`).join(',')}} ${value}`;
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
