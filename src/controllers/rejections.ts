/**
 * Tells people when a proxy rejects what their objects became: an Event on each object that may be the cause. Every
 * replica tells what its own proxies say; the graph knows what a resource was computed from.
 */

import { WeftError } from '../base/errors.ts';
import type { Collection, GraphApi } from '../graph/types.ts';
import type { EventRecorder } from '../kube/events.ts';
import {
  apiVersionOf,
  backendTLSPolicies,
  gateways,
  listenerSets,
  meshConfigs,
  mutualTLSPolicies,
  services,
  telemetryPolicies,
} from '../kube/resources.ts';
import type { KubeObject, ResourceType } from '../kube/types.ts';
import type { EncodedResource, ResourceAcks, ResourceKind, Translation } from '../xds/resource.ts';
import { routeTypes } from './route-kinds.ts';

export interface RejectionOptions {
  readonly acks: Collection<ResourceAcks>;
  readonly graph: Pick<GraphApi, 'causes'>;
  readonly translation: Translation;
  /** Objects by plural of their kind, for their uids: `kubectl describe` shows only Events that carry it. */
  readonly objects: Readonly<Record<string, Collection<KubeObject>>>;
  readonly events: Pick<EventRecorder, 'record'>;
}

/** What people write to shape traffic; a Service is only told where nothing of these had a part. */
const suspects: readonly (readonly ResourceType[])[] = [
  [
    ...Object.values(routeTypes),
    gateways,
    listenerSets,
    backendTLSPolicies,
    mutualTLSPolicies,
    telemetryPolicies,
    meshConfigs,
  ],
  [services],
];
/** A resource may be made from many objects; whoever looks at one finds the resource, and by it the others. */
const mostEvents = 10;

export class RejectionReporter {
  readonly #options: RejectionOptions;

  constructor(options: RejectionOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = this.#options.acks.subscribe((changes) => {
      for (const { key, before, after } of changes) {
        const { rejected } = after ?? {};
        if (rejected !== undefined && rejected.version !== before?.rejected?.version)
          this.#tell(key, rejected.message);
      }
    });
    await new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    stop();
  }

  #tell(ack: string, message: string): void {
    const space = ack.indexOf(' ');
    const [kind, name] = [ack.slice(0, space) as ResourceKind, ack.slice(space + 1)];
    const note = new WeftError('WEFT-XDS-10', `Envoy rejects ${kind} ${name}: ${message}`).describe();
    for (const { type, key } of this.#causes(kind, name).slice(0, mostEvents)) {
      const slash = key.indexOf('/');
      const uid = this.#options.objects[type.plural]?.get(key)?.metadata.uid;
      this.#options.events.record({
        regarding: {
          apiVersion: apiVersionOf(type),
          kind: type.kind,
          name: key.slice(slash + 1),
          ...(slash === -1 ? {} : { namespace: key.slice(0, slash) }),
          ...(uid === undefined ? {} : { uid }),
        },
        type: 'Warning',
        reason: 'Rejected',
        action: 'Translate',
        note,
      });
    }
  }

  #causes(
    kind: ResourceKind,
    name: string,
  ): readonly { readonly type: ResourceType; readonly key: string }[] {
    const { graph, translation } = this.#options;
    const made: Collection<EncodedResource> = translation.onDemand.has(name)
      ? translation.onDemand
      : translation.resources[kind];
    const causes = graph.causes(made, name, translation.presence);
    for (const types of suspects) {
      const found = causes.flatMap(({ collection, key }) => {
        const type = types.find(({ plural }) => plural === collection);
        return type === undefined ? [] : [{ type, key }];
      });
      if (found.length > 0) return found;
    }
    return [];
  }
}
