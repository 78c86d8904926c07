/**
 * The kubelet speaks plaintext and has no identity of the mesh, so under strict mutual TLS the application's
 * probes and HTTP hooks would fail. They are pointed at the proxy's health port instead, which asks the application:
 *
 *   httpGet    a route to the application's port, with the original path; headers pass through
 *   tcpSocket  the verdict of an active TCP health check that the proxy runs at the probe's own pace
 *   grpc       the same with the gRPC health protocol
 *   exec       runs inside the container and stays as it is
 *
 * The original stays readable in the `weft.dev/originals` annotation, from which it is also restored.
 */

import type { V1Container, V1HTTPGetAction, V1LifecycleHandler, V1Probe } from '@kubernetes/client-node';
import { healthPort } from '../../base/names.ts';
import type { JsonObject } from '../../base/json.ts';
import { probeProtocol, toApplication } from './bootstrap-clusters.ts';
import { assignment, socketAddress, tlsSocket } from './envoy.ts';
import type { PodSettings } from './settings.ts';

/** The part of a probe that says how to ask. */
export type Handler = Pick<V1Probe, 'httpGet' | 'tcpSocket' | 'grpc'>;

/** Where a container can have one, and the last word of the rewritten path. */
export const probeKinds = ['liveness', 'readiness', 'startup'] as const;
export const hookKinds = ['postStart', 'preStop'] as const;
export type HandlerKind = (typeof probeKinds)[number] | (typeof hookKinds)[number];

/** What the bootstrap needs to answer one rewritten probe. */
export interface ProbeAnswer {
  readonly clusters: readonly JsonObject[];
  readonly routes: readonly JsonObject[];
  readonly filters: readonly JsonObject[];
}

/** Timing of a probe, Kubernetes' defaults filled in. Hooks have none: the kubelet's grace period ends them. */
interface Timing {
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
}

export function probePath(container: string, kind: HandlerKind): string {
  return `/probe/${container}/${kind}`;
}

/** Whether a handler is the result of an earlier rewrite of this very probe. */
export function isRewritten(handler: Handler | V1LifecycleHandler | undefined, path: string): boolean {
  return handler?.httpGet?.path === path && handler.httpGet.port === healthPort;
}

/**
 * The handler that replaces the application's, and what answers it; undefined where it can stay as it is: exec,
 * another host, a port that is not captured, or a port name the container does not have.
 */
export function rewriteHandler(
  container: V1Container,
  kind: HandlerKind,
  probe: V1Probe | V1LifecycleHandler,
  settings: Pick<PodSettings, 'excludeInboundPorts'>,
): { readonly httpGet: V1HTTPGetAction; readonly answer: ProbeAnswer } | undefined {
  const { httpGet, tcpSocket } = probe;
  const grpc = 'grpc' in probe ? probe.grpc : undefined;
  if (httpGet?.host || tcpSocket?.host) return undefined;
  const port = portNumber(container, httpGet?.port ?? tcpSocket?.port ?? grpc?.port);
  if (port === undefined || settings.excludeInboundPorts.includes(port)) return undefined;
  const path = probePath(container.name, kind);
  if (httpGet !== undefined) {
    const { httpHeaders } = httpGet;
    return {
      httpGet: { ...health(path), ...(httpHeaders === undefined ? {} : { httpHeaders }) },
      answer: httpAnswer(path, httpGet, port, probe),
    };
  }
  // A TCP hook is a relic of the API that the kubelet does not run.
  if (isHook(kind)) return undefined;
  const check = grpc === undefined ? { tcp_health_check: {} } : grpcCheck(grpc.service);
  return { httpGet: health(path), answer: checkAnswer(path, port, check, timing(probe)) };
}

export function isHook(kind: HandlerKind): boolean {
  return kind === 'postStart' || kind === 'preStop';
}

function health(path: string): V1HTTPGetAction {
  return { path, port: healthPort, scheme: 'HTTP' };
}

function portNumber(container: V1Container, port: number | string | undefined): number | undefined {
  if (typeof port !== 'string') return port;
  return container.ports?.find((candidate) => candidate.name === port)?.containerPort;
}

function timing(probe: V1Probe): Timing {
  return { periodSeconds: probe.periodSeconds ?? 10, timeoutSeconds: probe.timeoutSeconds ?? 1 };
}

function httpAnswer(
  path: string,
  action: V1HTTPGetAction,
  port: number,
  probe: V1Probe | V1LifecycleHandler,
): ProbeAnswer {
  const https = action.scheme === 'HTTPS';
  const name = `probe-${https ? 'https' : 'http'}-${port}`;
  const target = action.path ?? '';
  const timeoutSeconds =
    'timeoutSeconds' in probe || 'periodSeconds' in probe ? timing(probe).timeoutSeconds : 0;
  return {
    clusters: [
      {
        ...applicationCluster(name, port),
        typed_extension_protocol_options: probeProtocol(1),
        ...(https ? { transport_socket: tlsSocket('UpstreamTlsContext', unverifiedTls) } : {}),
      },
    ],
    routes: [
      {
        match: { path },
        route: {
          cluster: name,
          prefix_rewrite: literal(target.startsWith('/') ? target : `/${target}`),
          timeout: `${timeoutSeconds}s`,
        },
      },
    ],
    filters: [],
  };
}

/** The kubelet does not verify the application's certificate either. */
const unverifiedTls: JsonObject = {
  common_tls_context: {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
  },
};

function grpcCheck(service: string | undefined): JsonObject {
  return { grpc_health_check: service ? { service_name: literal(service) } : {} };
}

function checkAnswer(path: string, port: number, check: JsonObject, pace: Timing): ProbeAnswer {
  const name = path.slice(1).replaceAll('/', '-');
  // Half the probe's period, so that a verdict is never older than the kubelet's own would be by more than that.
  const interval = `${Math.max(1, pace.periodSeconds / 2)}s`;
  return {
    clusters: [
      {
        ...applicationCluster(name, port),
        ...('grpc_health_check' in check ? { typed_extension_protocol_options: probeProtocol(2) } : {}),
        health_checks: [
          {
            timeout: `${pace.timeoutSeconds}s`,
            interval,
            // "No traffic" is always true here: look every second until the application is up, then at its pace.
            no_traffic_interval: '1s',
            no_traffic_healthy_interval: interval,
            healthy_threshold: 1,
            unhealthy_threshold: 1,
            reuse_connection: false,
            ...check,
          },
        ],
      },
    ],
    routes: [],
    filters: [
      {
        name: 'envoy.filters.http.health_check',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck',
          pass_through_mode: false,
          headers: [{ name: ':path', string_match: { exact: path } }],
          cluster_min_healthy_percentages: { [name]: { value: 100 } },
        },
      },
    ],
  };
}

function applicationCluster(name: string, port: number): JsonObject {
  return {
    name,
    type: 'STATIC',
    upstream_bind_config: toApplication,
    load_assignment: assignment(name, socketAddress('$(POD_IP)', port)),
  };
}

/** The kubelet expands `$(NAME)` in arguments; a dollar of the application's own has to survive that. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}
