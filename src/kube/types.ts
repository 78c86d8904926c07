/** Shapes of the Kubernetes API as Weft uses it. Other rooms import only these types from kube/. */

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** A kind as the API serves it; `group` is '' for the core group. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** A condition as in metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key of every source collection. */
export type ObjectKey = string;

/** Where a reflector delivers; a graph Source is one. */
export interface Sink<V> {
  set(key: ObjectKey, value: V): void;
  delete(key: ObjectKey): void;
  replace(entries: Iterable<readonly [ObjectKey, V]>): void;
  /** What was delivered last; a reflector keeps it across a relist for an object that it can no longer project. */
  get?(key: ObjectKey): V | undefined;
}

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Of the body. Default application/json. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** For the whole exchange, each attempt by itself. Default 30 s. */
  readonly timeoutMs?: number;
}

export interface ApplyOptions {
  /** One name per controller, e.g. `weft-route-status`. */
  readonly fieldManager: string;
  readonly force?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The Kubernetes API. Every method rejects with a KubeError (errors.ts) that carries the HTTP status and the
 * Status reason; `get` answers undefined for 404.
 */
export interface KubeApi {
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  get<T extends KubeObject>(type: ResourceType, name: string, namespace?: string): Promise<T | undefined>;
  list<T extends KubeObject>(
    type: ResourceType,
    options?: {
      readonly namespace?: string;
      readonly labelSelector?: string;
      readonly fieldSelector?: string;
    },
  ): Promise<readonly T[]>;
  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T>;
  update<T extends KubeObject>(type: ResourceType, object: T): Promise<T>;
  updateStatus<T extends KubeObject>(type: ResourceType, object: T): Promise<T>;
  delete(type: ResourceType, name: string, namespace?: string): Promise<void>;
  /** Server-side apply. */
  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T>;
  applyStatus<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T>;
  /** Whether discovery lists the type at this version. */
  serves(type: ResourceType): Promise<boolean>;
}

export interface StreamOptions extends Omit<RequestOptions, 'body' | 'contentType'> {
  /** Default application/json. */
  readonly accept?: string;
}

/** A response body that is read as it arrives. */
export interface ResponseStream extends AsyncIterable<Buffer> {
  readonly contentType: string;
  destroy(error?: Error): void;
}

/** What a reflector needs of the API, beside plain requests. */
export interface KubeClient extends KubeApi {
  /**
   * Opens a GET whose body is read as it arrives: watches, logs. Rejects like `request` where the server
   * refuses; `timeoutMs` covers the time until the headers. Not retried.
   */
  stream(path: string, options?: StreamOptions): Promise<ResponseStream>;
}
