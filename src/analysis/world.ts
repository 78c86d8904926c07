/**
 * Analysis of objects that are given as objects: files, what a cluster holds, or both. A graph is built as in the
 * control plane and fed with them, so that a file is judged by the very code that will carry it out.
 */

import { controllerName } from '../base/names.ts';
import { describeError } from '../base/errors.ts';
import { Graph } from '../graph/graph.ts';
import type { KubeObject } from '../kube/types.ts';
import type { KubeService } from '../mesh/kubernetes.ts';
import { createMesh } from '../mesh/mesh.ts';
import { ownerOf } from '../base/owner.ts';
import { configDefaults, settingsOf } from '../mesh/settings.ts';
import { createMeshSources, type MeshDefaults } from '../mesh/sources.ts';
import { type Analysis, createAnalysis } from './analysis.ts';
import { type AnalysisSources, createAnalysisSources, type Situation } from './facts.ts';
import { apiVersionOf } from './input.ts';
import { groupOf, type KnownKind, kindsOf } from './kinds.ts';
import { sortFindings } from './sort.ts';
import type { Finding } from './types.ts';
import { describeWorkload, podOf, sliceOf, templateOf } from './written.ts';

export interface AnalyzeOptions {
  readonly defaults: MeshDefaults;
  readonly situation: Situation;
  /** What a cluster holds; what is written takes the place of what has its name. */
  readonly existing?: readonly KubeObject[];
}

export interface AnalyzeResult {
  readonly findings: readonly Finding[];
  /** What could not be looked at because of a fault of ours. */
  readonly failures: readonly string[];
}

/** @param written objects of files; those of kinds that are nothing to the mesh are passed over */
export async function analyzeObjects(
  written: readonly KubeObject[],
  options: AnalyzeOptions,
): Promise<AnalyzeResult> {
  const failures: string[] = [];
  const graph = new Graph({
    onError: (error, { collection, key = '' }) =>
      failures.push(`${collection} ${key}: ${describeError(error)}`),
  });
  const sources = createMeshSources(graph, options.defaults);
  const facts = createAnalysisSources(graph);
  const mesh = createMesh(graph, sources);
  const analysis: Analysis = createAnalysis(graph, mesh, sources, facts);
  facts.situation.set('default', options.situation);
  const unreadable = fill(kindsOf(sources, facts), facts, written, options);
  await graph.settled();
  const found = [...analysis.findings.entries()].flatMap(([, findings]) => findings);
  return { findings: sortFindings([...unreadable, ...found]), failures };
}

function fill(
  kinds: ReadonlyMap<string, KnownKind>,
  facts: AnalysisSources,
  written: readonly KubeObject[],
  { existing = [], situation, defaults }: AnalyzeOptions,
): readonly Finding[] {
  const unreadable: Finding[] = [];
  const put = (object: KubeObject): void => {
    const known = kinds.get(kindOf(object));
    try {
      known?.put(keyOf(object), object);
    } catch (error) {
      unreadable.push(unreadableFinding(object, error));
    }
  };
  const given = situation.unknownKinds.includes('gatewayclasses') ? [ownClass, ...existing] : existing;
  const all = merge(given, written);
  const objects = [...all.values()];
  const settings = settingsOf(configOf(objects), defaults, []);
  const labels = new Map(
    objects
      .filter(({ kind }) => kind === 'Namespace')
      .map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
  );
  const isWritten = new Set(written.map(identityOf));
  /** By workload. */
  const made = new Map<string, KubeObject>();
  const writtenPods = new Map<string, KubeObject>();
  const owners = new Set(objects.filter(({ kind }) => kind === 'Pod').map(workloadOfPod));
  for (const object of objects) {
    const template = templateOf(object);
    if (template === undefined || (object.kind === 'Pod' && !isWritten.has(identityOf(object)))) continue;
    const { namespace = '', name } = object.metadata;
    const isPod = object.kind === 'Pod';
    const key = isPod ? workloadOfPod(object) : `${namespace}/${object.kind}/${name}`;
    try {
      const { meshed, written: own } = describeWorkload(object, template, {
        namespace,
        namespaceLabels: labels.get(namespace),
        controlPlaneNamespace: situation.controlPlaneNamespace,
        proxy: settings.proxy,
      });
      facts.written.set(key, own);
      if (isPod) writtenPods.set(identityOf(object), podOf(object, template, meshed));
      // What runs already speaks for itself; where nothing runs although it should, its pods may be refused.
      else if (isWritten.has(identityOf(object)) || (own.objections.length > 0 && !owners.has(key))) {
        made.set(key, podOf(object, template, meshed));
      }
    } catch (error) {
      unreadable.push(unreadableFinding(object, error));
    }
  }
  const touched = new Set([...isWritten].map((identity) => identity.split(' ')[1] ?? ''));
  const pods = [
    ...objects
      .filter((object) => kindOf(object) === '/Pod' && !made.has(workloadOfPod(object)))
      .map((object) => writtenPods.get(identityOf(object)) ?? object),
    ...made.values(),
  ];
  for (const object of objects) {
    const kind = kindOf(object);
    const isReplaced = touched.has(object.metadata.namespace ?? '') && hasSelector(object, all);
    if (kind === '/Pod' || (kind === sliceKind && isReplaced)) continue;
    put(kind === 'weft.dev/MeshConfig' ? withDefaults(object) : object);
    if (kind !== '/Service' || !touched.has(object.metadata.namespace ?? '')) continue;
    const slice = sliceOf(object as KubeService, pods);
    if (slice !== undefined) put(slice);
  }
  for (const pod of pods) put(pod);
  return unreadable;
}

/** That of the chart, for whoever has files alone. */
const ownClass: KubeObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'weft' },
  ...{ spec: { controllerName } },
};

const sliceKind = 'discovery.k8s.io/EndpointSlice';

/** Whether the slice is of a Service whose endpoints are found by labels. */
function hasSelector({ metadata }: KubeObject, all: ReadonlyMap<string, KubeObject>): boolean {
  const service = all.get(
    `/Service ${metadata.namespace} ${metadata.labels?.['kubernetes.io/service-name']}`,
  );
  const selector = (service as KubeService | undefined)?.spec?.selector;
  return selector !== undefined && Object.keys(selector).length > 0;
}

const kindOf = ({ apiVersion = '', kind = '' }: KubeObject): string => `${groupOf(apiVersion)}/${kind}`;

const keyOf = ({ metadata: { namespace, name } }: KubeObject): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;

const identityOf = (object: KubeObject): string =>
  `${kindOf(object)} ${object.metadata.namespace ?? ''} ${object.metadata.name}`;

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

function configOf(objects: readonly KubeObject[]): typeof configDefaults {
  const config = objects.find(
    (object) => kindOf(object) === 'weft.dev/MeshConfig' && object.metadata.name === 'default',
  );
  return config === undefined ? configDefaults : withDefaults(config).spec;
}

/** As the API server fills in the defaults of the schema. */
function withDefaults(object: KubeObject): KubeObject & { readonly spec: typeof configDefaults } {
  const { spec = {} } = object as { readonly spec?: Partial<typeof configDefaults> };
  const { proxy = configDefaults.proxy } = spec;
  return {
    ...object,
    spec: {
      ...configDefaults,
      ...spec,
      mtls: { ...configDefaults.mtls, ...spec.mtls },
      outbound: { ...configDefaults.outbound, ...spec.outbound },
      proxy: {
        ...configDefaults.proxy,
        ...proxy,
        resources: {
          ...proxy.resources,
          requests: { ...configDefaults.proxy.resources.requests, ...proxy.resources?.requests },
        },
      },
    },
  };
}

/** Key of the workload, of a pod as a cluster has it. */
function workloadOfPod({ metadata }: KubeObject): string {
  const { kind, name } = ownerOf(metadata);
  return `${metadata.namespace}/${kind}/${name}`;
}

function unreadableFinding({ apiVersion, kind = '', metadata }: KubeObject, error: unknown): Finding {
  const { namespace, name } = metadata;
  return {
    code: 'WEFT-ANL-130',
    severity: 'error',
    object: {
      apiVersion: apiVersion ?? apiVersionOf(kind),
      kind,
      ...(namespace === undefined ? {} : { namespace }),
      name,
    },
    path: '',
    message: `it does not have the form of a ${kind}: ${describeError(error)}`,
    fix: 'Have the API server look at it: kubectl apply --dry-run=server -f FILE.',
  };
}
