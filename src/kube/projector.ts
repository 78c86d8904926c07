/** From API objects to what a collection keeps; one object that cannot be projected never stops the others. */

import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { sharedStrings } from './intern.ts';
import { projectionErrors } from './metrics.ts';
import { keyOf, resourceNameOf } from './resources.ts';
import type { KubeObject, ObjectKey, ResourceType, Sink } from './types.ts';

/** `failed`: leave in force what was there before. */
export type Projected<V> =
  | { readonly kind: 'value'; readonly value: V }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed' };

export class Projector<T extends KubeObject, V> {
  readonly #project: (object: T) => V | undefined;
  readonly #resource: string;
  readonly #log: Logger;
  /** What was last logged per key, so that a flapping object does not fill the log. */
  readonly #failures = new Map<ObjectKey, string>();

  constructor(type: ResourceType, project: (object: T) => V | undefined, log: Logger) {
    this.#project = project;
    this.#resource = resourceNameOf(type);
    this.#log = log;
  }

  apply(object: T): Projected<V> {
    const key = keyOf(object);
    try {
      const value = this.#project(object);
      if (this.#failures.size > 0) this.#failures.delete(key);
      return value === undefined ? { kind: 'none' } : { kind: 'value', value: sharedStrings.value(value) };
    } catch (error) {
      this.#failed(key, describeError(error));
      return { kind: 'failed' };
    }
  }

  forget(key: ObjectKey): void {
    this.#failures.delete(key);
  }

  #failed(key: ObjectKey, message: string): void {
    projectionErrors.inc({ resource: this.#resource });
    if (this.#failures.get(key) === message) return;
    this.#failures.set(key, message);
    this.#log.error({ resource: this.#resource, key, err: message }, 'object cannot be projected');
  }
}

/** The objects of a relist, gathered until they are complete and can replace what the sink holds. */
export class Gathering<T extends KubeObject, V> {
  readonly #projector: Projector<T, V>;
  readonly #sink: Sink<V>;
  readonly #entries = new Map<ObjectKey, V>();

  constructor(projector: Projector<T, V>, sink: Sink<V>) {
    this.#projector = projector;
    this.#sink = sink;
  }

  set(object: T): void {
    const key = keyOf(object);
    const projected = this.#projector.apply(object);
    if (projected.kind === 'none') {
      this.#entries.delete(key);
      return;
    }
    const value = projected.kind === 'value' ? projected.value : this.#sink.get?.(key);
    if (value !== undefined) this.#entries.set(key, value);
  }

  delete(object: T): void {
    this.#entries.delete(keyOf(object));
  }

  deliver(): number {
    this.#sink.replace(this.#entries);
    return this.#entries.size;
  }
}
