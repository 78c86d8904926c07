/** What a measurement needs in the cluster: two namespaces that differ in nothing but the mesh, and a load as a Job. */

import { injectLabel, managedBy } from '../../base/names.ts';
import type { KubeObject } from '../../kube/types.ts';

export const protocols = ['http1', 'http2', 'grpc', 'tcp'] as const;
export type PerfProtocol = (typeof protocols)[number];

export const sides = ['plain', 'meshed'] as const;
export type PerfSide = (typeof sides)[number];

/** Ports of the role `echo` of the sample's image, and how the Service tells what they speak. */
const ports: Readonly<Record<PerfProtocol, { readonly port: number; readonly appProtocol: string }>> = {
  http1: { port: 8080, appProtocol: 'http' },
  http2: { port: 8082, appProtocol: 'kubernetes.io/h2c' },
  grpc: { port: 9000, appProtocol: 'grpc' },
  tcp: { port: 7000, appProtocol: 'tcp' },
};

export interface Load {
  readonly perSecond: number;
  readonly connections: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

const labels = { 'app.kubernetes.io/managed-by': managedBy, 'app.kubernetes.io/component': 'perf' };

export function perfNamespace(name: string, side: PerfSide): KubeObject {
  const inject = side === 'meshed' ? 'enabled' : 'disabled';
  return { metadata: { name, labels: { ...labels, [injectLabel]: inject } } };
}

export function echoDeployment(namespace: string, image: string): KubeObject {
  const deployment = {
    metadata: { name: 'echo', namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'echo' } },
      template: {
        metadata: { labels: { app: 'echo' } },
        spec: {
          ...podSpec,
          containers: [
            {
              ...container('echo', image),
              readinessProbe: { httpGet: { path: '/ready', port: 8081 }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  };
  return deployment;
}

export function echoService(namespace: string): KubeObject {
  const service = {
    metadata: { name: 'echo', namespace, labels },
    spec: {
      selector: { app: 'echo' },
      ports: Object.entries(ports).map(([name, { port, appProtocol }]) => ({ name, port, appProtocol })),
    },
  };
  return service;
}

export function loadJob(namespace: string, image: string, protocol: PerfProtocol, load: Load): KubeObject {
  const env = {
    PROTOCOL: protocol,
    TARGET: `echo:${ports[protocol].port}`,
    PER_SECOND: load.perSecond,
    CONNECTIONS: load.connections,
    WARMUP_SECONDS: load.warmupSeconds,
    SECONDS_COUNTED: load.seconds,
  };
  const job = {
    metadata: { name: `bench-${protocol}`, namespace, labels },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels: { app: 'bench', protocol } },
        spec: {
          ...podSpec,
          restartPolicy: 'Never',
          containers: [
            {
              ...container('bench', image),
              env: Object.entries(env).map(([name, value]) => ({ name, value: String(value) })),
            },
          ],
        },
      },
    },
  };
  return job;
}

const podSpec = {
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
};

/** Without a limit of processor time, which would be what is measured. */
function container(role: string, image: string): object {
  return {
    name: role,
    image,
    imagePullPolicy: 'IfNotPresent',
    args: [role],
    resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '256Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
}
