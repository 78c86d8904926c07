/** For tests of controllers: a KubeApi in memory that records what is done to it. */

import type { Authority } from '../ca/authority.ts';
import { Graph } from '../graph/graph.ts';
import { KubeError } from '../kube/errors.ts';
import type { ApplyOptions, KubeApi, KubeObject, RequestOptions, ResourceType } from '../kube/types.ts';

export interface Action {
  readonly verb: string;
  /** `secrets weft-system/weft-ca`. */
  readonly target: string;
  readonly object?: KubeObject;
  readonly fieldManager?: string;
}

/** An API server as far as controllers can tell: resource versions, 404, 409 on create and on stale updates. */
export class RecordedApi implements KubeApi {
  readonly actions: Action[] = [];
  readonly #objects = new Map<string, KubeObject>();
  readonly #faults: { readonly match: string; readonly error: Error }[] = [];
  readonly #absent = new Set<string>();
  #version = 0;

  /** Writes only, as `verb target`. */
  get writes(): readonly string[] {
    return this.actions
      .filter(({ verb }) => verb !== 'get' && verb !== 'list')
      .map((a) => `${a.verb} ${a.target}`);
  }

  /** The next action whose `verb target` starts so rejects. */
  failNext(match: string, error: Error = kubeError(500)): void {
    this.#faults.push({ match, error });
  }

  /** Discovery stops listing the kind. */
  doNotServe(type: ResourceType): void {
    this.#absent.add(type.plural);
  }

  serve(type: ResourceType): void {
    this.#absent.delete(type.plural);
  }

  /** Puts an object there without recording it, as another client would. */
  put<T extends KubeObject>(type: ResourceType, object: T): T {
    const stored = this.#stamp(object);
    this.#objects.set(targetOf(type, object.metadata.name, object.metadata.namespace), stored);
    return stored as T;
  }

  remove(type: ResourceType, name: string, namespace?: string): void {
    this.#objects.delete(targetOf(type, name, namespace));
  }

  peek<T extends KubeObject>(type: ResourceType, name: string, namespace?: string): T | undefined {
    return this.#objects.get(targetOf(type, name, namespace)) as T | undefined;
  }

  /** Merge patches of a status; controllers use the typed methods for everything else. */
  request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const [, namespace = '', plural = '', name = ''] =
      /\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)\/status$/.exec(path) ?? [];
    if (method !== 'PATCH' || name === '')
      return Promise.reject(new Error(`${method} ${path} is not expected`));
    const body = options.body as KubeObject;
    return this.#do('patch', `${plural} ${namespace}/${name}`, { object: body }, (target) => {
      const current = this.#objects.get(target);
      const stored = this.#stamp({
        ...replaced(current, body),
        ...current,
        status: statusOf(body),
      } as KubeObject);
      this.#objects.set(target, stored);
      return stored as T;
    });
  }

  get<T extends KubeObject>(type: ResourceType, name: string, namespace?: string): Promise<T | undefined> {
    return this.#do(
      'get',
      targetOf(type, name, namespace),
      {},
      (target) => this.#objects.get(target) as T | undefined,
    );
  }

  list<T extends KubeObject>(
    type: ResourceType,
    options: { readonly namespace?: string } = {},
  ): Promise<readonly T[]> {
    const prefix = targetOf(type, '', options.namespace);
    return this.#do('list', prefix, {}, () =>
      [...this.#objects].filter(([target]) => target.startsWith(prefix)).map(([, object]) => object as T),
    );
  }

  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    return this.#write('create', type, object, {}, (current) => {
      if (current !== undefined) throw kubeError(409, 'AlreadyExists');
      return object;
    });
  }

  update<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    return this.#write('update', type, object, {}, (current) => replaced(current, object));
  }

  updateStatus<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    return this.#write('updateStatus', type, object, {}, (current) => ({
      ...replaced(current, object),
      ...current,
      status: statusOf(object),
    }));
  }

  delete(type: ResourceType, name: string, namespace?: string): Promise<void> {
    return this.#do('delete', targetOf(type, name, namespace), {}, (target) => {
      if (!this.#objects.delete(target)) throw kubeError(404, 'NotFound');
    });
  }

  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    return this.#write('apply', type, object, options, (current) => merged(current, object));
  }

  applyStatus<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    return this.#write('applyStatus', type, object, options, (current) => {
      if (current === undefined) throw kubeError(404, 'NotFound');
      return { ...current, status: statusOf(object) };
    });
  }

  serves(type: ResourceType): Promise<boolean> {
    return Promise.resolve(!this.#absent.has(type.plural));
  }

  #write<T extends KubeObject>(
    verb: string,
    type: ResourceType,
    object: T,
    options: Partial<ApplyOptions>,
    next: (current: KubeObject | undefined) => KubeObject,
  ): Promise<T> {
    const target = targetOf(type, object.metadata.name, object.metadata.namespace);
    const { fieldManager } = options;
    const extra = { object, ...(fieldManager === undefined ? {} : { fieldManager }) };
    return this.#do(verb, target, extra, () => {
      const stored = this.#stamp(next(this.#objects.get(target)));
      this.#objects.set(target, stored);
      return stored as T;
    });
  }

  async #do<R>(verb: string, target: string, extra: Partial<Action>, act: (target: string) => R): Promise<R> {
    // The answer never comes in the same turn, as over a network.
    await Promise.resolve();
    this.actions.push({ verb, target, ...extra });
    const fault = this.#faults.findIndex(({ match }) => `${verb} ${target}`.startsWith(match));
    if (fault >= 0) throw this.#faults.splice(fault, 1)[0]?.error ?? kubeError(500);
    return act(target);
  }

  #stamp<T extends KubeObject>(object: T): T {
    const resourceVersion = String(++this.#version);
    const uid = object.metadata.uid ?? `uid-${resourceVersion}`;
    return structuredClone({ ...object, metadata: { ...object.metadata, uid, resourceVersion } });
  }
}

function statusOf(object: KubeObject): unknown {
  return (object as { readonly status?: unknown }).status;
}

function replaced(current: KubeObject | undefined, object: KubeObject): KubeObject {
  if (current === undefined) throw kubeError(404, 'NotFound');
  if (object.metadata.resourceVersion !== current.metadata.resourceVersion) throw kubeError(409, 'Conflict');
  return object;
}

function merged(current: KubeObject | undefined, object: KubeObject): KubeObject {
  return current === undefined
    ? object
    : { ...current, ...object, metadata: { ...current.metadata, ...object.metadata } };
}

function targetOf(type: ResourceType, name: string, namespace?: string): string {
  return `${type.plural} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

export function kubeError(status: number, reason = 'InternalError'): KubeError {
  return new KubeError(status >= 500 ? 'WEFT-KUBE-04' : 'WEFT-KUBE-03', `injected ${status} ${reason}`, {
    status,
    reason,
  });
}

/** Lets everything that was promised so far come about. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function newGraph(): Graph {
  return new Graph({
    onError: (error) => {
      throw error;
    },
  });
}

/** An AuthorityKeeper that keeps what it is given. */
export class StubKeeper {
  authority: Authority | undefined;
  readonly #listeners = new Set<(authority: Authority) => void>();

  give(authority: Authority): void {
    this.authority = authority;
    for (const listener of this.#listeners) listener(authority);
  }

  onChange(listener: (authority: Authority) => void): () => void {
    this.#listeners.add(listener);
    if (this.authority !== undefined) listener(this.authority);
    return () => this.#listeners.delete(listener);
  }
}

/** An election whose outcome the test decides. */
export class StubLeadership {
  #leading: boolean;
  readonly #listeners = new Set<(leading: boolean) => void>();

  constructor(leading: boolean) {
    this.#leading = leading;
  }

  get leading(): boolean {
    return this.#leading;
  }

  set(leading: boolean): void {
    this.#leading = leading;
    for (const listener of this.#listeners) listener(leading);
  }

  subscribe(listener: (leading: boolean) => void): () => void {
    this.#listeners.add(listener);
    if (this.#leading) listener(true);
    return () => this.#listeners.delete(listener);
  }
}
