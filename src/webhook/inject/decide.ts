/**
 * Whether a pod gets a proxy, and if not, why not. The rules stand in the order in which they are asked; the
 * first that objects decides. A pod that asked by its own label is refused where it cannot be had: starting it
 * without a proxy would be a hole. A pod that merely lives in a meshed namespace is let through, with the reason.
 */

import type { V1Container } from '@kubernetes/client-node';
import { WeftError } from '../../base/errors.ts';
import {
  controlPort,
  healthPort,
  inboundPort,
  injectLabel,
  outboundPort,
  redirectContainer,
  sidecarContainer,
} from '../../base/names.ts';
import './errors.ts';
import { ownVolumes } from './containers.ts';
import { isInjected, type PodLike } from './restore.ts';
import { isProxyUser } from './user.ts';

export type Decision =
  | { readonly inject: true; readonly warnings: readonly WeftError[] }
  | {
      readonly inject: false;
      /** Whether the pod must not start, or merely starts without a proxy. */
      readonly refused: boolean;
      readonly reason: WeftError;
      /** Whether the pod's owner expects a proxy and should be told. */
      readonly unexpected: boolean;
    };

export interface Subject {
  readonly pod: PodLike;
  /** Of the admission request: a pod made from a template does not name its namespace itself. */
  readonly namespace: string;
  /** Undefined where the namespace is not known (yet). The API server then has matched its label already. */
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
  readonly controlPlaneNamespace: string;
  /** Whether somebody asks for this very pod, as with `weft inject`, whatever its labels say but `disabled`. */
  readonly requested?: boolean;
}

interface Objection {
  readonly code: string;
  readonly message: string;
  readonly field?: string;
}

interface Rule {
  readonly check: (subject: Subject) => Objection | undefined;
  /** `refuseIfAsked`: only where the pod's own label asked; `expected`: nobody needs to hear of it. */
  readonly outcome: 'expected' | 'skip' | 'refuseIfAsked' | 'refuse' | 'warn';
}

/** To add a rule: a function below, a line here, a code in errors.ts, a page in docs/errors, a row in docs/pod.md. */
const rules: readonly Rule[] = [
  { check: mirrorPod, outcome: 'skip' },
  { check: unknownLabelValue, outcome: 'refuse' },
  { check: notAsked, outcome: 'expected' },
  { check: controlPlaneNamespace, outcome: 'refuseIfAsked' },
  { check: hostNetwork, outcome: 'refuseIfAsked' },
  { check: windows, outcome: 'refuseIfAsked' },
  { check: runsAsProxy, outcome: 'refuse' },
  { check: takenName, outcome: 'refuse' },
  { check: takenPort, outcome: 'refuse' },
  { check: foreignDns, outcome: 'warn' },
];

export function decide(subject: Subject): Decision {
  const warnings: WeftError[] = [];
  for (const { check, outcome } of rules) {
    const objection = check(subject);
    if (objection === undefined) continue;
    const { code, message, field } = objection;
    const reason = new WeftError(code, message, field === undefined ? {} : { field });
    if (outcome === 'warn') {
      warnings.push(reason);
      continue;
    }
    const refused = outcome === 'refuse' || (outcome === 'refuseIfAsked' && asked(subject));
    return { inject: false, refused, reason, unexpected: outcome !== 'expected' };
  }
  return { inject: true, warnings };
}

function podLabel({ pod }: Subject): string | undefined {
  return pod.metadata?.labels?.[injectLabel];
}

/** Whether the pod itself is to be in the mesh, rather than everything around it. */
function asked(subject: Subject): boolean {
  return subject.requested === true || podLabel(subject) === 'enabled';
}

function mirrorPod({ pod }: Subject): Objection | undefined {
  if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] === undefined) return undefined;
  return { code: 'WEFT-POD-12', message: 'It is the mirror of a static pod.' };
}

function unknownLabelValue(subject: Subject): Objection | undefined {
  const value = podLabel(subject);
  if (value === undefined || value === 'enabled' || value === 'disabled') return undefined;
  return {
    code: 'WEFT-POD-03',
    message: `${JSON.stringify(value)} is not a possible value.`,
    field: `metadata.labels[${injectLabel}]`,
  };
}

function notAsked(subject: Subject): Objection | undefined {
  const own = podLabel(subject);
  if (own === 'disabled')
    return { code: 'WEFT-POD-02', message: 'The pod is labelled weft.dev/inject: disabled.' };
  if (asked(subject)) return undefined;
  const { namespaceLabels } = subject;
  if (namespaceLabels === undefined || namespaceLabels[injectLabel] === 'enabled') return undefined;
  return {
    code: 'WEFT-POD-02',
    message: 'Neither the pod nor its namespace is labelled weft.dev/inject: enabled.',
  };
}

function controlPlaneNamespace(subject: Subject): Objection | undefined {
  if (subject.namespace !== subject.controlPlaneNamespace) return undefined;
  return { code: 'WEFT-POD-04', message: `${subject.namespace} is the control plane's own namespace.` };
}

function hostNetwork({ pod }: Subject): Objection | undefined {
  if (pod.spec?.hostNetwork !== true) return undefined;
  return { code: 'WEFT-POD-01', message: "The pod uses its node's network.", field: 'spec.hostNetwork' };
}

function windows({ pod }: Subject): Objection | undefined {
  if (pod.spec?.os?.name === 'windows') {
    return { code: 'WEFT-POD-05', message: 'The pod runs on Windows.', field: 'spec.os.name' };
  }
  const key = 'kubernetes.io/os';
  if (pod.spec?.nodeSelector?.[key] !== 'windows') return undefined;
  return { code: 'WEFT-POD-05', message: 'The pod runs on Windows.', field: `spec.nodeSelector[${key}]` };
}

function runsAsProxy({ pod }: Subject): Objection | undefined {
  for (const { container, field } of applicationContainers(pod)) {
    const own = container.securityContext?.runAsUser;
    const user = own ?? pod.spec?.securityContext?.runAsUser;
    if (user === undefined || !isProxyUser(user)) continue;
    const where = own === undefined ? 'spec' : field;
    return {
      code: 'WEFT-POD-06',
      message: `Container ${container.name} would run as user ${user}, who may be a proxy.`,
      field: `${where}.securityContext.runAsUser`,
    };
  }
  return undefined;
}

function takenName({ pod }: Subject): Objection | undefined {
  const at = (field: string, name: string): Objection => ({
    code: 'WEFT-POD-07',
    message: `${name} is a name of Weft's own.`,
    field,
  });
  for (const [index, { name }] of (pod.spec?.containers ?? []).entries()) {
    if (name === sidecarContainer || name === redirectContainer)
      return at(`spec.containers[${index}].name`, name);
  }
  for (const { container, field } of applicationContainers(pod)) {
    const index = container.volumeMounts?.findIndex((mount) => ownVolumes.includes(mount.name)) ?? -1;
    const mount = container.volumeMounts?.[index];
    // The application must reach neither the workload's key nor the proxy's admin socket.
    if (mount !== undefined) return at(`${field}.volumeMounts[${index}].name`, mount.name);
  }
  if (isInjected(pod)) return undefined;
  for (const [index, { name }] of (pod.spec?.volumes ?? []).entries()) {
    if (ownVolumes.includes(name)) return at(`spec.volumes[${index}].name`, name);
  }
  return undefined;
}

const takenPorts: readonly number[] = [outboundPort, inboundPort, controlPort, healthPort];

function takenPort({ pod }: Subject): Objection | undefined {
  for (const { container, field } of applicationContainers(pod)) {
    const index = container.ports?.findIndex((port) => takenPorts.includes(port.containerPort)) ?? -1;
    const port = container.ports?.[index];
    if (port === undefined || port.protocol === 'UDP') continue;
    return {
      code: 'WEFT-POD-08',
      message: `The proxy listens on ${port.containerPort} itself.`,
      field: `${field}.ports[${index}].containerPort`,
    };
  }
  return undefined;
}

function foreignDns({ pod }: Subject): Objection | undefined {
  const policy = pod.spec?.dnsPolicy;
  if (policy !== 'Default' && policy !== 'None') return undefined;
  return {
    code: 'WEFT-POD-11',
    message: `With dnsPolicy ${policy} the proxy may not find the control plane, and then the pod does not start.`,
    field: 'spec.dnsPolicy',
  };
}

function applicationContainers(pod: PodLike): { readonly container: V1Container; readonly field: string }[] {
  const of = (list: readonly V1Container[] | undefined, name: string) =>
    (list ?? []).map((container, index) => ({ container, field: `spec.${name}[${index}]` }));
  return [
    ...of(pod.spec?.containers, 'containers'),
    ...of(pod.spec?.initContainers, 'initContainers').filter(
      ({ container }) => container.name !== sidecarContainer && container.name !== redirectContainer,
    ),
  ];
}
