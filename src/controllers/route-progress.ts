/**
 * On how many proxies each route is in force. A replica knows only the proxies that are connected to it, so each
 * one tells the others what it sees (progress-report.ts) and the leader adds it all up, in the graph:
 *
 *   routeVerdicts, acks, resources ──> localProgress ──────────────┐
 *   reports of other replicas ──> reportedProgress ──by key──────> routeProgress
 */

import type { Collection, GraphApi, Index, Read } from '../graph/types.ts';
import type { MeshPod, RouteVerdict } from '../mesh/model.ts';
import type { EncodedResource, ResourceAcks, ResourceKind } from '../xds/resource.ts';
import type { Carrier, CarriersOf } from './route-carriers.ts';

/** How far one route has come through one of its parents. */
export interface RouteProgress {
  /**
   * Names the content that is counted: the route's generation and the version of each resource that carries it out.
   * Two replicas that serve the same agree in every part that both have.
   */
  readonly digest: string;
  /** Connected proxies that are to hold it. A proxy that uses two ports of the parent counts for each. */
  readonly proxies: number;
  /** Those of them that have acknowledged it. */
  readonly current: number;
  /** What Envoy said where it refused the content; proxies then go on with the last good one. */
  readonly rejected?: string;
}

/** What another replica told. */
export interface ProgressReport {
  /** Name and uid of the replica's pod. */
  readonly replica: string;
  readonly uid: string;
  /** Keyed like the verdicts; without an entry no proxy of that replica is concerned. */
  readonly routes: Readonly<Record<string, RouteProgress>>;
}

export interface ProgressInputs {
  readonly verdicts: Collection<RouteVerdict>;
  /** Keyed `<kind> <name>`. */
  readonly acks: Collection<ResourceAcks>;
  /** What proxies hold, keyed by name. */
  readonly resources: Readonly<Record<ResourceKind, Collection<EncodedResource>>>;
  readonly carriersOf: CarriersOf;
  /** Of a listener that only some proxies have in the place of another: the name of that one. */
  readonly variantOf: (listener: string) => string | undefined;
  readonly reported: Reported;
}

/** What other replicas tell of one thing, keyed like what each of them tells. */
export type Reported = Index<RouteProgress>;

export interface ReportInputs {
  readonly reports: Collection<ProgressReport>;
  readonly pods: Collection<MeshPod>;
  readonly namespace: string;
  /** Name of this replica's pod, whose own report counts for nothing here. */
  readonly podName: string;
}

export interface Progress {
  /** What this replica sees; keyed like the verdicts. */
  readonly local: Collection<RouteProgress>;
  /** What all replicas see. */
  readonly total: Collection<RouteProgress>;
}

/** Of all things that replicas count, whatever they are. */
export function deriveReported(graph: GraphApi, inputs: ReportInputs): Reported {
  const reported = graph.expand('reportedProgress', inputs.reports, (_, report, read) =>
    counts(report, inputs, read)
      ? Object.entries(report.routes).map(
          ([key, progress]) => [`${key}#${report.replica}`, progress] as const,
        )
      : [],
  );
  return graph.index('reportedProgressByKey', reported, (_, key) => [key.slice(0, key.lastIndexOf('#'))]);
}

export function deriveProgress(graph: GraphApi, inputs: ProgressInputs): Progress {
  const variants = graph.index('listenerVariants', inputs.resources.listener, (_, name) => {
    const base = inputs.variantOf(name);
    return base === undefined ? [] : [base];
  });
  const local = graph.derive('localProgress', inputs.verdicts, (_, verdict, read) =>
    localProgress(verdict, inputs, (carrier) => withVariants(carrier, variants, read), read),
  );
  const total = graph.derive('routeProgress', local, (key, own, read) =>
    withReported(own, read(inputs.reported, key)),
  );
  return { local, total };
}

/** What this replica sees, and what the others tell of the same. */
export function withReported(
  own: RouteProgress,
  reported: readonly { readonly value: RouteProgress }[] = [],
): RouteProgress {
  return reported.reduce((sum, { value }) => add(sum, value), own);
}

/** Every proxy has one of these. */
function withVariants(carrier: Carrier, variants: Index<EncodedResource>, read: Read): readonly Carrier[] {
  if (carrier.kind !== 'listener') return [carrier];
  return [carrier, ...(read(variants, carrier.name) ?? []).map(({ key }) => ({ ...carrier, name: key }))];
}

function localProgress(
  verdict: RouteVerdict,
  inputs: ProgressInputs,
  expand: (carrier: Carrier) => readonly Carrier[],
  read: Read,
): RouteProgress {
  const versions: string[] = [];
  let [proxies, current] = [0, 0];
  let rejected: string | undefined;
  for (const carrier of inputs.carriersOf(verdict, read)) {
    // Which variants there are differs from replica to replica, and they follow from the same objects.
    versions.push(read(inputs.resources[carrier.kind], carrier.name)?.version.slice(0, 12) ?? unused);
    for (const { kind, name } of expand(carrier)) {
      const version = read(inputs.resources[kind], name)?.version;
      const acks = read(inputs.acks, `${kind} ${name}`);
      proxies += acks?.holders ?? 0;
      // Right after a change the counts are still those of the version before.
      current += acks?.served === version ? (acks?.current ?? 0) : 0;
      rejected ??= acks?.rejected?.message;
    }
  }
  const digest = [verdict.generation, ...versions].join('.');
  return rejected === undefined ? { digest, proxies, current } : { digest, proxies, current, rejected };
}

/**
 * Whether a report is to be believed: its replica lives and is ready. One that crashed has lost its proxies to
 * others, and tells anew as soon as it is back.
 */
function counts(report: ProgressReport, inputs: ReportInputs, read: Read): boolean {
  if (report.replica === inputs.podName) return false;
  const pod = read(inputs.pods, `${inputs.namespace}/${report.replica}`);
  return pod?.uid === report.uid && pod.ready;
}

/** Stands for what no proxy of the replica uses, and of which it therefore makes nothing. */
const unused = '-';

/** What a replica says of other content says nothing of ours, except that its proxies are still to get it. */
function add(sum: RouteProgress, other: RouteProgress): RouteProgress {
  const digest = joined(sum.digest, other.digest);
  const same = digest !== undefined;
  const rejected = sum.rejected ?? (same ? other.rejected : undefined);
  return {
    digest: digest ?? sum.digest,
    proxies: sum.proxies + other.proxies,
    current: sum.current + (same ? other.current : 0),
    ...(rejected === undefined ? {} : { rejected }),
  };
}

/** Both digests in one where they name the same content, as far as both replicas have it; else undefined. */
function joined(own: string, other: string): string | undefined {
  const theirs = other.split('.');
  const parts = own.split('.').map((part, index) => {
    const counterpart = theirs[index];
    if (part === counterpart || counterpart === unused) return part;
    return part === unused ? counterpart : undefined;
  });
  return parts.length === theirs.length && !parts.includes(undefined) ? parts.join('.') : undefined;
}
