/**
 * Puts given objects into a world of its own: what is written over what exists, and beside it the pods and endpoints that
 * a cluster would make of it. An object that cannot be read is told of and left out; it never stops the others.
 */

import { describeError } from '../base/errors.ts';
import { controllerName } from '../base/names.ts';
import type { KubeObject } from '../kube/types.ts';
import type { KubeService } from '../mesh/kubernetes.ts';
import type { KubeGatewayClass } from '../mesh/kubernetes-gateways.ts';
import { ownerOf } from '../base/owner.ts';
import { configDefaults, settingsOf } from '../mesh/settings.ts';
import type { MeshConfigSource } from '../mesh/sources.ts';
import type { AnalysisSources } from './facts.ts';
import { groupOf, type KnownKind } from './kinds.ts';
import type { Finding } from './types.ts';
import type { AnalyzeOptions } from './world.ts';
import { describeWorkload, podOf, sliceOf, templateOf } from './written.ts';

export interface Outlets {
  readonly kinds: ReadonlyMap<string, KnownKind>;
  readonly facts: AnalysisSources;
}

/** Every object once, and which of them are written. */
interface Given {
  readonly all: ReadonlyMap<string, KubeObject>;
  readonly written: ReadonlySet<string>;
  readonly options: AnalyzeOptions;
  /** Runs the action; what it throws is told of the object. */
  attempt<T>(object: KubeObject, action: () => T): T | undefined;
}

/** What could not be read. */
export function fill(
  outlets: Outlets,
  written: readonly KubeObject[],
  options: AnalyzeOptions,
): readonly Finding[] {
  const unreadable = new Map<string, Finding>();
  const { existing = [], situation } = options;
  const isClassUnknown = situation.unknownKinds.includes('gatewayclasses');
  const given: Given = {
    all: merge(isClassUnknown ? [ownClass, ...existing] : existing, written),
    written: new Set(written.map(identityOf)),
    options,
    attempt(object, action) {
      try {
        return action();
      } catch (error) {
        unreadable.set(identityOf(object), unreadableFinding(object, error));
        return undefined;
      }
    },
  };
  const pods = podsOf(given, outlets);
  const put = (object: KubeObject): void => {
    given.attempt(object, () => outlets.kinds.get(kindOf(object))?.put(keyOf(object), object));
  };
  const slices = slicesOf(given, pods);
  for (const object of given.all.values()) {
    const kind = kindOf(object);
    if (kind === '/Pod' || (kind === sliceKind && slices.isReplaced(object))) continue;
    put(kind === configKind ? (given.attempt(object, () => withDefaults(object)) ?? object) : object);
  }
  for (const made of [...slices.made, ...pods]) put(made);
  return [...unreadable.values()];
}

const sliceKind = 'discovery.k8s.io/EndpointSlice';
const configKind = 'weft.dev/MeshConfig';

/** That of the chart, for whoever has files alone. */
const ownClass: KubeGatewayClass = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'weft' },
  spec: { controllerName },
};

/** What is written keeps the age of what it replaces. */
function merge(
  existing: readonly KubeObject[],
  written: readonly KubeObject[],
): ReadonlyMap<string, KubeObject> {
  const all = new Map(existing.map((object) => [identityOf(object), object]));
  for (const object of written) {
    const { creationTimestamp, uid } = all.get(identityOf(object))?.metadata ?? {};
    const metadata = {
      // Younger than all that is there, without asking for the time.
      creationTimestamp: creationTimestamp ?? (existing.length === 0 ? '' : '9999-01-01T00:00:00Z'),
      ...(uid === undefined ? {} : { uid }),
      ...object.metadata,
    };
    all.set(identityOf(object), { ...object, metadata });
  }
  return all;
}

/**
 * Those that exist, but for workloads that are written: of each of these the one pod that would be made of it. So has a
 * workload without pods about which injection has something to say: that may be why there are none.
 */
function podsOf(given: Given, { facts }: Outlets): readonly KubeObject[] {
  const objects = [...given.all.values()];
  const describe = describer(given, facts);
  const running = objects
    .filter((object) => kindOf(object) === '/Pod')
    .map((pod) => (isWritten(given, pod) ? (describe(pod, workloadOfPod(pod))?.pod ?? pod) : pod));
  const alive = new Set(running.map(workloadOfPod));
  const made = new Map<string, KubeObject>();
  for (const object of objects) {
    if (kindOf(object) === '/Pod') continue;
    const key = `${object.metadata.namespace ?? ''}/${object.kind}/${object.metadata.name}`;
    const described = describe(object, key);
    if (described === undefined) continue;
    if (isWritten(given, object) || (described.hasObjections && !alive.has(key)))
      made.set(key, described.pod);
  }
  return [...running.filter((pod) => !made.has(workloadOfPod(pod))), ...made.values()];
}

const isWritten = ({ written }: Given, object: KubeObject): boolean => written.has(identityOf(object));

/** Says of a workload, to the facts, what injection says of it; answers the pod that would be made. */
function describer(given: Given, facts: AnalysisSources) {
  const objects = [...given.all.values()];
  const { situation, defaults } = given.options;
  const config = objects.find(
    (object) => kindOf(object) === configKind && object.metadata.name === 'default',
  );
  const spec = config && given.attempt(config, () => settingsOf(withDefaults(config).spec, defaults, []));
  const { proxy } = spec ?? settingsOf(configDefaults, defaults, []);
  const labels = new Map(
    objects
      .filter((object) => kindOf(object) === '/Namespace')
      .map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
  );
  return (object: KubeObject, key: string) =>
    given.attempt(object, () => {
      const template = templateOf(object);
      if (template === undefined) return undefined;
      const { namespace = '' } = object.metadata;
      const { meshed, written } = describeWorkload(object, template, {
        namespace,
        namespaceLabels: labels.get(namespace),
        controlPlaneNamespace: situation.controlPlaneNamespace,
        proxy,
      });
      facts.written.set(key, written);
      return { pod: podOf(object, template, meshed), hasObjections: written.objections.length > 0 };
    });
}

/** Endpoints of Services with a selector, in all namespaces in which something is written. */
function slicesOf(given: Given, pods: readonly KubeObject[]) {
  const touched = new Set([...given.written].map((identity) => identity.split(' ')[1] ?? ''));
  const isTouched = ({ metadata }: KubeObject): boolean => touched.has(metadata.namespace ?? '');
  const services = [...given.all.values()].filter(
    (object) => kindOf(object) === '/Service' && isTouched(object),
  );
  const made = services.flatMap(
    (service) => given.attempt(service, () => sliceOf(service as KubeService, pods)) ?? [],
  );
  return {
    made,
    isReplaced: (slice: KubeObject): boolean => {
      const name = slice.metadata.labels?.['kubernetes.io/service-name'];
      const service = given.all.get(`/Service ${slice.metadata.namespace ?? ''} ${name}`);
      const { selector } = (service as KubeService | undefined)?.spec ?? {};
      return isTouched(slice) && selector !== undefined && Object.keys(selector).length > 0;
    },
  };
}

const kindOf = ({ apiVersion = '', kind = '' }: KubeObject): string => `${groupOf(apiVersion)}/${kind}`;

const keyOf = ({ metadata: { namespace, name } }: KubeObject): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;

const identityOf = (object: KubeObject): string =>
  `${kindOf(object)} ${object.metadata.namespace ?? ''} ${object.metadata.name}`;

/** As the API server fills in the defaults of the schema. */
function withDefaults(object: KubeObject): KubeObject & { readonly spec: MeshConfigSource } {
  const { spec = {} } = object as { readonly spec?: Partial<MeshConfigSource> };
  const { proxy = configDefaults.proxy } = spec;
  const requests = { ...configDefaults.proxy.resources.requests, ...proxy.resources?.requests };
  return {
    ...object,
    spec: {
      ...configDefaults,
      ...spec,
      mtls: { ...configDefaults.mtls, ...spec.mtls },
      outbound: { ...configDefaults.outbound, ...spec.outbound },
      proxy: { ...configDefaults.proxy, ...proxy, resources: { ...proxy.resources, requests } },
    },
  };
}

/** Key of the workload, of a pod as a cluster has it. */
function workloadOfPod({ metadata }: KubeObject): string {
  const { kind, name } = ownerOf(metadata);
  return `${metadata.namespace}/${kind}/${name}`;
}

function unreadableFinding({ apiVersion = '', kind = '', metadata }: KubeObject, error: unknown): Finding {
  const { namespace, name } = metadata;
  return {
    code: 'WEFT-ANL-130',
    severity: 'error',
    object: { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }), name },
    path: '',
    message: `it does not have the form of a ${kind}: ${describeError(error)}`,
    fix: 'Have the API server look at it: kubectl apply --dry-run=server -f FILE.',
  };
}
