/** The two containers and two volumes that Weft puts into a pod. */

import type { V1Container, V1EnvVar, V1ResourceRequirements, V1Volume } from '@kubernetes/client-node';
import { healthPort, identityDirectory, redirectContainer, sidecarContainer } from '../../base/names.ts';
import { adminDirectory } from './envoy.ts';
import { identityVolume } from './identity.ts';
import { redirectRules } from './redirect.ts';
import type { PodSettings } from './settings.ts';
import { fill, mark, splitAtMarks } from './template.ts';

const adminVolume = 'weft-admin';

export const ownVolumes: readonly string[] = [identityVolume, adminVolume];

/** A socket needs no room; memory, so that it never outlives the pod. */
export function adminVolumeSource(): V1Volume {
  return { name: adminVolume, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } };
}

/**
 * Sets up packet redirection and ends. The one container that needs a capability: root, because Kubernetes
 * gives added capabilities to root only.
 */
export function redirectInitContainer(settings: PodSettings, proxyUser: number): V1Container {
  return {
    name: redirectContainer,
    image: settings.redirectImage,
    imagePullPolicy: settings.imagePullPolicy,
    command: ['/usr/sbin/nft'],
    args: [redirectRules(settings, proxyUser)],
    resources: resources(settings),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: 0,
      runAsNonRoot: false,
      runAsUser: 0,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/** What is one pod's own in its sidecar. */
export interface OwnParts {
  readonly drainPath: string;
  /** See user.ts. */
  readonly proxyUser: number;
  /** What resource.ts makes of the pod. */
  readonly resource: readonly V1EnvVar[];
}

/** Envoy, for the whole life of the pod: started before and stopped after everything of the application. */
export function sidecar(settings: PodSettings, bootstrap: string, own: OwnParts): V1Container {
  const { drainPath, proxyUser, resource } = own;
  return {
    name: sidecarContainer,
    image: settings.image,
    imagePullPolicy: settings.imagePullPolicy,
    restartPolicy: 'Always',
    command: ['/usr/local/bin/envoy'],
    args: ['--config-yaml', bootstrap, ...sidecarArgs(settings)],
    env: [
      fromPod('POD_NAME', 'metadata.name'),
      fromPod('POD_NAMESPACE', 'metadata.namespace'),
      fromPod('POD_UID', 'metadata.uid'),
      fromPod('POD_IP', 'status.podIP'),
      fromPod('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
      ...resource,
    ],
    ports: [{ name: 'weft-health', containerPort: healthPort, protocol: 'TCP' }],
    // Holds the application back until the first configuration is in, for as long as that takes.
    startupProbe: ready({ periodSeconds: 1, failureThreshold: 3600 }),
    readinessProbe: ready({ periodSeconds: 5, failureThreshold: 3 }),
    lifecycle: { preStop: { httpGet: { path: drainPath, port: healthPort, scheme: 'HTTP' } } },
    resources: resources(settings),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: proxyUser,
      runAsNonRoot: true,
      runAsUser: proxyUser,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: identityVolume, mountPath: identityDirectory, readOnly: true },
      { name: adminVolume, mountPath: adminDirectory },
    ],
  };
}

/** JSON of the two containers of one pod. */
export interface ContainersJson {
  readonly redirect: string;
  readonly proxy: string;
}

/** Writes once what is the same with these settings; the returned function is given one pod's bootstrap as a JSON string. */
export function compileContainers(
  settings: PodSettings,
): (own: OwnParts, bootstrapJson: string) => ContainersJson {
  // Marks are text also where the pod will have a number or an object.
  const marks = {
    drainPath: mark('drainPath'),
    proxyUser: mark('proxyUser') as unknown as number,
    resource: [mark('resource') as unknown as V1EnvVar],
  };
  const redirect = splitAtMarks(JSON.stringify(redirectInitContainer(settings, marks.proxyUser)));
  const proxy = splitAtMarks(JSON.stringify(sidecar(settings, mark('bootstrap'), marks)));
  return ({ drainPath, proxyUser, resource }, bootstrap) => {
    const filling = {
      drainPath: JSON.stringify(drainPath),
      proxyUser: String(proxyUser),
      resource: JSON.stringify(resource).slice(1, -1),
      bootstrap,
    };
    return { redirect: fill(redirect, filling), proxy: fill(proxy, filling) };
  };
}

function sidecarArgs(settings: PodSettings): string[] {
  return [
    '--concurrency',
    String(settings.concurrency),
    '--log-level',
    settings.logLevel,
    // It warns of taps by HTTP/1 whether or not there are any; ours come by HTTP/2 (bootstrap-clusters.ts).
    '--component-log-level',
    'tap:error',
    '--drain-time-s',
    String(Math.max(1, settings.drainSeconds)),
    '--drain-strategy',
    'immediate',
    // One process for the life of the container: no shared memory, no parent to hand over from.
    '--disable-hot-restart',
  ];
}

function ready(pace: {
  periodSeconds: number;
  failureThreshold: number;
}): NonNullable<V1Container['startupProbe']> {
  return { httpGet: { path: '/ready', port: healthPort, scheme: 'HTTP' }, timeoutSeconds: 1, ...pace };
}

function fromPod(name: string, fieldPath: string): V1EnvVar {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
}

/**
 * Both containers get the same, so that the one that ends at once never makes a pod need more than the proxy does,
 * and a pod whose containers all have limits equal to their requests stays Guaranteed.
 */
function resources(settings: PodSettings): V1ResourceRequirements {
  const { cpuLimit, memoryLimit } = settings;
  const limits = {
    ...(cpuLimit === undefined ? {} : { cpu: cpuLimit }),
    ...(memoryLimit === undefined ? {} : { memory: memoryLimit }),
  };
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    requests: { cpu: settings.cpuRequest, memory: settings.memoryRequest },
  };
}
