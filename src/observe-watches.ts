/**
 * What the API server of this room watches beside watches.ts. Nothing of it is waited for: a cluster without aggregation
 * layer, or one that permits none of it, has a mesh all the same.
 */

import type { Logger } from './base/log.ts';
import { type ApiService, apiServiceGroups } from './controllers/api-service-objects.ts';
import { type FrontProxy, frontProxyConfigMap, parseFrontProxy } from './dashboard/front-proxy.ts';
import { describeError } from './base/errors.ts';
import type { Collection, GraphApi } from './graph/types.ts';
import { Reflector } from './kube/reflector.ts';
import { apiServices, configMaps } from './kube/resources.ts';
import type { KubeClient, KubeObject, Sink } from './kube/types.ts';

export interface ObserveWatches {
  /** Settles when it is known which APIServices there are; never, where nobody may look. */
  readonly synced: Promise<unknown>;
  /** Keyed by name. */
  readonly apiServices: Collection<ApiService>;
  /** False once the cluster has said that it has no such kind. */
  readonly servesApiServices: () => boolean;
  readonly frontProxy: () => FrontProxy | undefined;
  /** Called after each change of `frontProxy`. */
  readonly onFrontProxy: (listener: () => void) => void;
  readonly ended: Promise<unknown>;
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export function watchForObservability(options: {
  readonly api: KubeClient;
  readonly graph: GraphApi;
  readonly log: Logger;
  readonly stop: AbortSignal;
}): ObserveWatches {
  const { api, graph, log, stop } = options;
  const ended: Promise<unknown>[] = [];
  const synced: Promise<unknown>[] = [];
  let served = true;
  const named = Object.keys(apiServiceGroups).map((name) => {
    const source = graph.source<ApiService>(`apiservices/${name}`);
    const reflector = new Reflector<ApiService, ApiService>({
      api,
      log,
      type: apiServices,
      fieldSelector: `metadata.name=${name}`,
      project: (object) => object,
      sink: source,
      onServed: (isServed) => {
        served = isServed;
      },
    });
    synced.push(reflector.synced);
    ended.push(reflector.run(stop));
    return source;
  });

  let frontProxy: FrontProxy | undefined;
  const listeners = new Set<() => void>();
  const take = (data: Readonly<Record<string, string>>): void => {
    try {
      frontProxy = parseFrontProxy(data);
    } catch (error) {
      // Whom to believe is not known any more, so nobody is.
      frontProxy = undefined;
      log.error({ ...frontProxyConfigMap, error: describeError(error) }, 'the front proxy is not known');
    }
    for (const listener of listeners) listener();
  };
  const configMap = new Reflector<ConfigMap, Readonly<Record<string, string>>>({
    api,
    log,
    type: configMaps,
    namespace: frontProxyConfigMap.namespace,
    fieldSelector: `metadata.name=${frontProxyConfigMap.name}`,
    project: ({ data }) => data ?? {},
    sink: onlyOne(take),
  });
  ended.push(configMap.run(stop));

  return {
    synced: Promise.all(synced),
    apiServices: graph.union('apiservices', named),
    servesApiServices: () => served,
    frontProxy: () => frontProxy,
    onFrontProxy: (listener) => void listeners.add(listener),
    ended: Promise.all(ended),
  };
}

/** Of a watch that can only see one object. */
function onlyOne(
  take: (data: Readonly<Record<string, string>>) => void,
): Sink<Readonly<Record<string, string>>> {
  return {
    set: (_, data) => take(data),
    delete: () => take({}),
    replace: (entries) => {
      const [first] = entries;
      take(first?.[1] ?? {});
    },
  };
}
