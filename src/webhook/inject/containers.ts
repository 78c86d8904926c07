/** The two containers and two volumes that Weft puts into a pod. */

import type { V1Container, V1EnvVar, V1ResourceRequirements, V1Volume } from '@kubernetes/client-node';
import { healthPort, identityDirectory, redirectContainer, sidecarContainer } from '../../base/names.ts';
import type { Bootstrap } from './bootstrap.ts';
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
function redirectInitContainer(settings: PodSettings, rules: string): V1Container {
  return {
    name: redirectContainer,
    image: settings.redirectImage,
    imagePullPolicy: settings.imagePullPolicy,
    command: ['/usr/sbin/nft'],
    args: [rules],
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

/** A container that Weft adds, and what JSON.stringify gives for it. */
export interface OwnContainer {
  readonly container: V1Container;
  readonly json: string;
}

/** Writes once what all pods with these settings have in common; the returned function makes the containers of one pod. */
export function compileContainers(
  settings: PodSettings,
): (own: OwnParts, bootstrap: Bootstrap) => readonly OwnContainer[] {
  // A mark is text also where the pod will have a number or an object.
  const user = mark('proxyUser');
  const marks = {
    drainPath: mark('drainPath'),
    proxyUser: user as unknown as number,
    resource: [mark('resource') as unknown as V1EnvVar],
  };
  const rules = redirectRules(settings, user);
  const redirectJson = splitAtMarks(JSON.stringify(redirectInitContainer(settings, rules)));
  const proxyJson = splitAtMarks(JSON.stringify(sidecar(settings, mark('bootstrap'), marks)));
  return (own, bootstrap) => {
    const proxyUser = String(own.proxyUser);
    const redirect = redirectInitContainer(settings, rules.replaceAll(user, proxyUser));
    const filling = {
      drainPath: JSON.stringify(own.drainPath),
      proxyUser,
      resource: JSON.stringify(own.resource).slice(1, -1),
      bootstrap: bootstrap.json,
    };
    return [
      { container: redirect, json: fill(redirectJson, filling) },
      { container: sidecar(settings, bootstrap.text, own), json: fill(proxyJson, filling) },
    ];
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
