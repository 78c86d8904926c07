/**
 * Keeps what runs a Gateway as it is to be, as the leader: writes what differs, removes what is no longer wanted. What
 * becomes of a deleted Gateway's objects is the garbage collector's business; what belongs to one that has changed to
 * another controller's class is removed here.
 */

import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { describeError, WeftError } from '../base/errors.ts';
import { controllerName } from '../base/names.ts';
import type { Logger } from '../base/log.ts';
import type { Collection, Source } from '../graph/types.ts';
import { isKubeError } from '../kube/errors.ts';
import { gatewayClasses } from '../kube/resources.ts';
import type { KubeApi, KubeObject } from '../kube/types.ts';
import { WorkQueue } from '../kube/workqueue.ts';
import type { GatewaySource } from '../mesh/gateways/sources.ts';
import { covers, partOf } from './covers.ts';
import { type ManagedKind, type ManagedObject, managedTypes } from './gateway-objects.ts';
import type { GatewayPlan } from './gateway-plan.ts';
import { owningGateway } from './gateway-sources.ts';
import { type Leadership, whileLeading } from './leading.ts';
import { retryBackoff } from './retry.ts';

export interface GatewayControllerOptions {
  readonly api: Pick<KubeApi, 'apply' | 'delete' | 'get'>;
  /** As they are written, of whatever class. */
  readonly gateways: Collection<GatewaySource>;
  readonly plans: Collection<GatewayPlan>;
  readonly managed: Readonly<Record<ManagedKind, Source<ManagedObject>>>;
  /** Where it tells what keeps a Gateway from running; keyed like the Gateways. */
  readonly problems: Source<string>;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: Logger;
}

interface ClassObject extends KubeObject {
  readonly spec?: { readonly controllerName?: string };
}

/** Digest of what was last applied: what a former version wanted and this one does not is seen by it. */
const appliedAnnotation = 'weft.dev/applied';
const fieldManager = 'weft-gateway';
const kinds = Object.keys(managedTypes) as readonly ManagedKind[];

interface Written {
  readonly digest: string;
  /** What the watch showed when it was written. */
  readonly seen: ManagedObject | undefined;
  /** As the API server answered: its values may be written in another way. */
  readonly content: unknown;
}

export class GatewayController {
  readonly #options: GatewayControllerOptions;
  readonly #queue: WorkQueue;
  /** Keyed `<kind> <key>`: what was written, which the watch may not have told of yet. */
  readonly #written = new Map<string, Written>();

  constructor(options: GatewayControllerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: 'gateways',
      reconcile: (key) => this.#reconcile(key),
      log: options.log,
      clock: options.clock,
      backoff: retryBackoff,
      concurrency: 4,
    });
  }

  /** Runs while this replica leads, until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { plans, managed, leadership } = this.#options;
    const stops = [
      plans.subscribe((changes) => {
        for (const { key } of changes) this.#queue.add(key);
      }),
      ...kinds.map((kind) =>
        managed[kind].subscribe((changes) => {
          for (const { key, before, after } of changes) {
            if (after === undefined) this.#written.delete(`${kind} ${key}`);
            for (const object of [before, after]) {
              const gateway = object === undefined ? undefined : owningGateway(object);
              if (gateway !== undefined) this.#queue.add(gateway);
            }
          }
        }),
      ),
    ];
    await whileLeading(leadership, signal, (term) => {
      this.#written.clear();
      for (const key of plans.keys()) this.#queue.add(key);
      for (const kind of kinds) {
        for (const [, object] of managed[kind].entries()) {
          const gateway = owningGateway(object);
          if (gateway !== undefined) this.#queue.add(gateway);
        }
      }
      return this.#queue.run(term);
    });
    for (const stop of stops) stop();
  }

  async #reconcile(key: string): Promise<undefined> {
    const { plans, problems } = this.#options;
    const plan = plans.get(key);
    if (plan?.kind === 'invalid') return;
    const wanted = new Map(plan?.objects);
    const removes = plan !== undefined || (await this.#isGone(key));
    try {
      // First of all: pods that ran as an account which is somebody else's would have that one's identity.
      const account = wanted.get('serviceAccounts');
      if (account !== undefined) await this.#keep('serviceAccounts', account);
      // Each by itself: an autoscaler that is refused does not keep the proxies from running.
      const others = [...wanted].filter(([kind]) => kind !== 'serviceAccounts');
      const outcomes = await Promise.allSettled([
        ...others.map(([kind, object]) => this.#keep(kind, object)),
        ...(removes ? kinds.map((kind) => this.#remove(kind, key, wanted)) : []),
      ]);
      const failure = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
      problems.delete(key);
    } catch (error) {
      if (plan === undefined) throw error;
      problems.set(key, toProblem(error).describe());
      throw error;
    }
  }

  /**
   * Whether a Gateway without a plan is not Weft's any more: it was deleted, or its class is another controller's. A
   * class that is missing may come back, and nobody's traffic is to end because of it.
   */
  async #isGone(key: string): Promise<boolean> {
    const gateway = this.#options.gateways.get(key);
    if (gateway === undefined) return true;
    const found = await this.#options.api.get<ClassObject>(gatewayClasses, gateway.className);
    return found !== undefined && found.spec?.controllerName !== controllerName;
  }

  async #keep(kind: ManagedKind, object: ManagedObject): Promise<void> {
    const { api, managed, log } = this.#options;
    const type = managedTypes[kind];
    const { namespace = '', name, annotations } = object.metadata;
    const key = `${namespace}/${name}`;
    const digest = createHash('sha256').update(JSON.stringify(object)).digest('hex').slice(0, 16);
    const current = managed[kind].get(key);
    const before = this.#written.get(`${kind} ${key}`);
    if (before?.digest === digest && (current === before.seen || covers(current, before.content))) return;
    const present = current ?? (await api.get<ManagedObject>(type, name, namespace));
    if (present !== undefined && !isSameOwner(present, object)) return this.#makeRoom(kind, present, object);
    if (digestOf(current) === digest && covers(current, contentOf(object))) return;
    const metadata = { ...object.metadata, annotations: { ...annotations, [appliedAnnotation]: digest } };
    const answer = await api.apply<ManagedObject>(
      type,
      { ...object, metadata },
      { fieldManager, force: true },
    );
    const content = partOf(contentOf(answer), contentOf(object));
    this.#written.set(`${kind} ${key}`, { digest, seen: current, content });
    log.info({ kind: type.kind, object: key }, 'gateway object written');
  }

  /**
   * What a former Gateway of the same name left is on its way out, and the watch brings us back when it is gone. Any
   * other object is somebody's, and is never touched.
   */
  async #makeRoom(kind: ManagedKind, present: ManagedObject, object: ManagedObject): Promise<void> {
    const { name, namespace = '' } = present.metadata;
    if (owningGateway(present) !== owningGateway(object)) {
      const message = `The ${managedTypes[kind].kind} ${namespace}/${name} is not of this Gateway.`;
      throw new WeftError('WEFT-GW-03', message);
    }
    await this.#delete(kind, present);
  }

  /** What the Gateway owns and is no longer to have; also what it had as one of another class, under another name. */
  async #remove(
    kind: ManagedKind,
    gateway: string,
    wanted: ReadonlyMap<ManagedKind, ManagedObject>,
  ): Promise<void> {
    const { managed } = this.#options;
    const name = wanted.get('deployments')?.metadata.name;
    for (const [key, object] of managed[kind].entries()) {
      if (owningGateway(object) !== gateway) continue;
      const isCurrent = object.metadata.name === name;
      // One that has lost its last port keeps its Service; see gateway-objects.ts.
      if (isCurrent && (wanted.has(kind) || kind === 'services')) continue;
      this.#written.delete(`${kind} ${key}`);
      await this.#delete(kind, object);
    }
  }

  async #delete(kind: ManagedKind, { metadata }: ManagedObject): Promise<void> {
    const { api, log } = this.#options;
    const { name, namespace } = metadata;
    try {
      await api.delete(managedTypes[kind], name, namespace);
      log.info({ kind: managedTypes[kind].kind, namespace, name }, 'gateway object removed');
    } catch (error) {
      if (!isKubeError(error, 404)) throw error;
    }
  }
}

function digestOf(object: ManagedObject | undefined): string | undefined {
  return object?.metadata.annotations?.[appliedAnnotation];
}

/** What of an object is compared: its kind is known, and its owner is checked by itself. */
function contentOf({ metadata, spec, automountServiceAccountToken }: ManagedObject): object {
  const { labels, annotations } = metadata;
  return { metadata: { labels, annotations }, spec, automountServiceAccountToken };
}

function isSameOwner(present: ManagedObject, object: ManagedObject): boolean {
  const uidOf = ({ metadata }: ManagedObject): string | undefined =>
    metadata.ownerReferences?.find(({ kind, controller }) => kind === 'Gateway' && controller)?.uid;
  return uidOf(present) === uidOf(object);
}

function toProblem(error: unknown): WeftError {
  if (!(error instanceof WeftError))
    return new WeftError('WEFT-GW-04', describeError(error), { cause: error });
  // The answer itself; what to do about it is said here, and another remedy would mislead.
  return error.code === 'WEFT-GW-03' ? error : new WeftError('WEFT-GW-04', error.message, { cause: error });
}
