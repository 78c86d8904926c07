/**
 * The result in the words of Service Mesh Performance (SMP 0.0.x, service_mesh_performance.proto): for each load a
 * PerformanceTestConfig and a PerformanceTestResult, and once the configuration of mesh and environment. Beside it the
 * inputs of MeshMark: what each resource gives with the mesh, in relation to what it gives without.
 */

import { version } from '../../base/version.ts';
import type { Load, PerfProtocol } from './objects.ts';
import type { Measured, Measurement } from './run.ts';

export const smpVersion = 'v0.0.1';

/** Protocols of PerformanceTestConfig.Client. */
const smpProtocol: Readonly<Record<PerfProtocol, string>> = {
  http1: 'http',
  http2: 'http',
  grpc: 'grpc',
  tcp: 'tcp',
};

export interface Environment {
  readonly kubernetesVersion: string;
  readonly nodes: readonly { readonly type: string; readonly cores: number; readonly memoryMB: number }[];
}

export function toSmp(measured: Measured, load: Load, environment: Environment): object {
  const { measurements, proxy } = measured;
  return {
    performance_tests: measurements.map((one) => ({
      test_config: testConfig(one, load),
      test_result: testResult(one),
    })),
    service_mesh_config: {
      smp_version: smpVersion,
      id: 'weft',
      labels: { mesh: 'weft' },
      mtls_enabled: true,
      mesh_build: version,
      ...(proxy === undefined
        ? {}
        : {
            proxy_build: proxy.image,
            // One beside the load, one beside the server.
            sidecar: { count: 2, mem_mb: Math.round((2 * proxy.memoryBytes) / 1e6) },
          }),
    },
    environment_config: {
      smp_version: smpVersion,
      id: 'cluster',
      kubernetes_version: environment.kubernetesVersion,
      node: environment.nodes.map(({ type, cores, memoryMB }) => ({ type, cores, mem_mb: memoryMB })),
    },
    meshmark_inputs: meshMarkInputs(measured),
    gaps: measured.gaps,
  };
}

function idOf({ side, protocol }: Measurement): string {
  return `${protocol}-${side}`;
}

function testConfig(one: Measurement, { perSecond, connections, seconds }: Load): object {
  return {
    smp_version: smpVersion,
    id: idOf(one),
    name: `${one.protocol}, ${one.side === 'meshed' ? 'with' : 'without'} the mesh`,
    labels: { mesh: one.side === 'meshed' ? 'weft' : 'none', protocol: one.protocol },
    clients: [
      {
        internal: true,
        load_generator: 'weft perf',
        protocol: smpProtocol[one.protocol],
        connections,
        rps: perSecond,
        endpoint_url: [`echo (${one.protocol})`],
      },
    ],
    duration: `${seconds}s`,
  };
}

function testResult({ result, ...one }: Measurement): object {
  const { latencyMs } = result;
  return {
    smp_version: smpVersion,
    id: `${idOf({ ...one, result })}-result`,
    labels: { failures: String(result.failures), requests: String(result.requests) },
    start_time: result.startTime,
    end_time: result.endTime,
    ...(latencyMs === undefined
      ? {}
      : {
          latencies_ms: {
            min: latencyMs.min,
            average: latencyMs.average,
            p50: latencyMs.p50,
            p90: latencyMs.p90,
            p99: latencyMs.p99,
            max: latencyMs.max,
          },
        }),
    actual_QPS: result.perSecond,
    testId: idOf({ ...one, result }),
    meshConfigId: one.side === 'meshed' ? 'weft' : '',
    envId: 'cluster',
  };
}

/** With the mesh and without, side by side. */
export interface Comparison {
  readonly protocol: PerfProtocol;
  readonly plain: Measurement['result'];
  readonly meshed: Measurement['result'];
}

export function compare({ measurements }: Measured): readonly Comparison[] {
  return measurements.flatMap(({ side, protocol, result: plain }) => {
    if (side !== 'plain') return [];
    const meshed = measurements.find(
      (other) => other.side === 'meshed' && other.protocol === protocol,
    )?.result;
    return meshed === undefined ? [] : [{ protocol, plain, meshed }];
  });
}

/** MeshMark's utilization efficiencies are ratios; 1 is a mesh that costs nothing (https://smp-spec.io/meshmark). */
function meshMarkInputs(measured: Measured): readonly object[] {
  const ratio = (part: number | undefined, whole: number | undefined): number | null =>
    part === undefined || whole === undefined || whole === 0 ? null : part / whole;
  return compare(measured).map(({ protocol, plain, meshed }) => ({
    protocol,
    throughput_efficiency: ratio(meshed.perSecond, plain.perSecond),
    latency_p50_efficiency: ratio(plain.latencyMs?.p50, meshed.latencyMs?.p50),
    latency_p99_efficiency: ratio(plain.latencyMs?.p99, meshed.latencyMs?.p99),
    added_latency_p50_ms: added(plain.latencyMs?.p50, meshed.latencyMs?.p50),
    added_latency_p99_ms: added(plain.latencyMs?.p99, meshed.latencyMs?.p99),
    ...(measured.proxy === undefined ? {} : { proxy_memory_mb: measured.proxy.memoryBytes / 1e6 }),
  }));
}

export function added(plain: number | undefined, meshed: number | undefined): number | null {
  return plain === undefined || meshed === undefined ? null : meshed - plain;
}
