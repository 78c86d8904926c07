/** For the randomized test: a proxy that behaves like Envoy 1.40 and checks what it is sent. */

import assert from 'node:assert/strict';
import type { EncodedResource, ResourceKind } from '../../src/xds/resource.ts';
import { typeUrls } from '../../src/xds/resource.ts';
import type { Batch } from '../../src/xds/server/batch.ts';
import type { Hub } from '../../src/xds/server/hub.ts';
import { ConnectedProxy } from '../../src/xds/server/proxy.ts';
import type { HeldVersion } from '../../src/xds/server/wire.ts';
import { wholeLists } from '../../src/xds/translate/testing.ts';
import type { XdsFixture } from './xds-fixture.ts';
import { type Random, serviceOf, vip } from './xds-world.ts';

export const listed = (kind: ResourceKind): boolean => kind === 'cluster' || kind === 'listener';

/** Behaves like Envoy 1.40 on delta ADS. */
export class Simulated {
  readonly workload: string;
  readonly onDemand = new Set<string>();
  readonly subscribed: Record<ResourceKind, Set<string>>;
  /** Accepted resources; survives a reconnect. */
  readonly held: Record<ResourceKind, Map<string, EncodedResource>>;
  readonly #hub: Hub;
  readonly #random: Random;
  #proxy: ConnectedProxy | undefined;
  #waiting: Batch[] = [];
  /** Endpoints that must be sent again because their cluster was. */
  readonly #owed = new Set<string>();
  readonly #mayRepeat = new Set<string>();
  readonly rejected = new Map<string, Set<string>>();
  failure: unknown;

  constructor(hub: Hub, random: Random, workload: string) {
    this.#hub = hub;
    this.#random = random;
    this.workload = workload;
    this.subscribed = perKind(() => new Set());
    this.held = perKind(() => new Map());
  }

  connect(): void {
    this.#waiting = [];
    this.#owed.clear();
    const info = {
      key: `${this.workload}-${this.#random(1e9)}`,
      workload: this.workload,
      identity: '',
      uid: '',
    };
    this.#proxy = new ConnectedProxy(info, this.#hub.view(this.workload), this.#hub, 1000);
    this.#hub.join(this.#proxy, {
      send: (batch) => this.#receive(batch),
      end: (error) => {
        this.failure ??= error;
      },
    });
    for (const kind of ['cluster', 'listener', 'secret', 'endpoints', 'route'] as const) {
      const names = kind === 'cluster' ? this.onDemand : this.subscribed[kind];
      if (!listed(kind) && names.size === 0) continue;
      this.#send(kind, {
        subscribe: listed(kind) ? ['*', ...names] : [...names],
        held: [...this.held[kind]].map(([name, { version }]) => ({ name, version })),
      });
    }
  }

  disconnect(): void {
    if (this.#proxy !== undefined) this.#hub.leave(this.#proxy);
    this.#proxy = undefined;
  }

  ask(service: string): void {
    if (this.onDemand.has(vip(service))) return;
    this.onDemand.add(vip(service));
    this.#send('cluster', { subscribe: [vip(service)] });
  }

  /** Answers one response that it has received, if there is one. */
  answer(): boolean {
    const batch = this.#waiting.shift();
    if (batch === undefined) return false;
    const bad = batch.resources.filter((value) => value.version.startsWith('bad'));
    // The state is changed before the answer goes out, since the server may react to it at once.
    for (const value of batch.resources)
      if (!bad.includes(value)) this.#apply(batch.kind, value, bad.length > 0);
    for (const record of batch.removed) this.#remove(batch.kind, record.wireName);
    if (bad.length === 0) {
      this.#send(batch.kind, { nonce: batch.nonce });
    } else {
      for (const value of batch.resources)
        this.#mayRepeat.add(`${batch.kind} ${value.name} ${value.version}`);
      for (const value of bad) {
        const key = `${batch.kind} ${value.name}`;
        if (batch.resources.length === 1)
          this.rejected.set(key, (this.rejected.get(key) ?? new Set()).add(value.version));
      }
      const named = this.#random(2) === 0;
      const error = named ? bad.map((value) => `${value.name}: it is bad`).join(', ') : 'something is bad';
      if (named) {
        for (const value of bad) {
          const key = `${batch.kind} ${value.name}`;
          this.rejected.set(key, (this.rejected.get(key) ?? new Set()).add(value.version));
        }
      }
      this.#send(batch.kind, { nonce: batch.nonce, error });
    }
    return true;
  }

  #send(
    kind: ResourceKind,
    request: {
      subscribe?: readonly string[];
      unsubscribe?: readonly string[];
      held?: readonly HeldVersion[];
      nonce?: string;
      error?: string;
    },
  ): void {
    this.#proxy?.receive({
      node: undefined,
      typeUrl: typeUrls[kind],
      subscribe: request.subscribe ?? [],
      unsubscribe: request.unsubscribe ?? [],
      held: request.held ?? [],
      nonce: request.nonce ?? '',
      error: request.error,
    });
  }

  #apply(kind: ResourceKind, value: EncodedResource, partial: boolean): void {
    if (!listed(kind) && !this.subscribed[kind].has(value.name)) return;
    // A response of which one part is rejected leaves the versions as they were.
    if (!partial) this.held[kind].set(value.name, value);
    for (const need of value.needs) {
      if (listed(need.kind) || this.subscribed[need.kind].has(need.name)) continue;
      this.subscribed[need.kind].add(need.name);
      this.#send(need.kind, { subscribe: [need.name] });
    }
  }

  #remove(kind: ResourceKind, name: string): void {
    const value = this.held[kind].get(name);
    this.held[kind].delete(name);
    if (kind === 'endpoints') this.#owed.delete(name);
    if (!listed(kind)) return;
    for (const need of value?.needs ?? []) {
      if (listed(need.kind) || need.kind === 'secret') continue;
      if (!this.subscribed[need.kind].delete(need.name)) continue;
      this.held[need.kind].delete(need.name);
      if (need.kind === 'endpoints') this.#owed.delete(need.name);
      this.#send(need.kind, { unsubscribe: [need.name] });
    }
  }

  #receive(batch: Batch): void {
    const { kind } = batch;
    assert.ok(!this.#waiting.some((other) => other.kind === kind), `two ${kind} responses in flight`);
    const names = [
      ...batch.resources.map((value) => value.name),
      ...batch.removed.map((record) => record.wireName),
    ];
    assert.equal(new Set(names).size, names.length, `a name twice in one response: ${names.join(' ')}`);
    for (const name of batch.removed) assert.ok(!name.name.startsWith('vip/'), `${name.name} removed`);
    for (const value of batch.resources) this.#check(kind, value);
    if (kind === 'cluster') {
      for (const value of batch.resources) {
        for (const need of value.needs) {
          if (need.kind === 'endpoints' && this.held.endpoints.has(need.name)) this.#owed.add(need.name);
        }
      }
    }
    if (kind === 'endpoints') for (const value of batch.resources) this.#owed.delete(value.name);
    this.#waiting.push(batch);
  }

  #check(kind: ResourceKind, value: EncodedResource): void {
    const key = `${kind} ${value.name}`;
    assert.ok(
      !this.rejected.get(key)?.has(value.version),
      `${key} ${value.version} came again after it was rejected`,
    );
    const same = this.held[kind].get(value.name)?.version === value.version;
    const repeatable = this.#owed.has(value.name) || this.#mayRepeat.has(`${key} ${value.version}`);
    // After a quarantine a proxy that was never in step since the last good version is sent that again.
    const restored = this.#hub.table.find(kind, value.name)?.rejected !== undefined;
    // Namespace a has answers of its own, which come and go.
    const flips = value.name.startsWith('vip/') && this.workload.startsWith('a/');
    if (same && !repeatable && !restored && !flips && listed(kind))
      assert.fail(`${key} ${value.version} was sent although it is held`);
    if (kind === 'listener' || kind === 'route') this.#checkNeeds(kind, value);
    if (value.name.startsWith('vip/')) {
      const service = serviceOf(value.name.slice(4));
      if (!this.#lists('l', service) || !this.#exists('listener', service)) return;
      const problem = `${value.name} was answered before ${this.state('listener', `l/${service}`)}`;
      assert.ok(this.held.listener.has(`l/${service}`) || this.#everBad('listener', `l/${service}`), problem);
    }
  }

  /** No listener or route comes while a cluster that it needs is under way. */
  #checkNeeds(kind: ResourceKind, value: EncodedResource): void {
    for (const need of value.needs) {
      if (need.kind !== 'cluster') continue;
      const underWay = this.#waiting.some(
        (batch) => batch.kind === 'cluster' && batch.resources.some((other) => other.name === need.name),
      );
      assert.ok(!underWay, `${kind} ${value.name} came while cluster ${need.name} was under way`);
    }
  }

  #lists(prefix: string, service: string): boolean {
    const view = this.#hub.view(this.workload);
    const record = this.#hub.table.find(prefix === 'l' ? 'listener' : 'cluster', `${prefix}/${service}`);
    return record !== undefined && view.has(record);
  }

  #exists(kind: ResourceKind, service: string): boolean {
    return this.#hub.table.find(kind, `${kind.charAt(0)}/${service}`)?.served !== undefined;
  }

  /** Whether something it holds refers to the resource; else its subscription is a leftover of a rejected response. */
  needs(kind: ResourceKind, name: string): boolean {
    if (listed(kind)) return true;
    return [...this.held.cluster.values(), ...this.held.listener.values()].some((value) =>
      value.needs.some((need) => need.kind === kind && need.name === name),
    );
  }

  /** For messages: what the server believes of one resource here. */
  state(kind: ResourceKind, name: string): string {
    const sub = this.#proxy?.subscription(kind);
    const record = this.#hub.table.find(kind, name);
    if (sub === undefined || record === undefined) return `${name} is unknown`;
    const sets = ['names', 'held', 'counted', 'outdated', 'stale', 'leaving', 'unanswered'] as const;
    const bits = sets.filter((set) => sub[set].has(record.id));
    const wanted = this.#proxy?.wants(sub, record) === true ? ['wanted'] : [];
    return `${name} latest ${record.latest?.version} served ${record.served?.version}: ${[...bits, ...wanted].join(' ')}`;
  }

  /** The same with the routes for namespace a. */
  states(kind: ResourceKind, name: string): string {
    return `${this.state(kind, name)}\n${this.state(kind, `${name}@a`)}`;
  }

  #everBad(kind: ResourceKind, name: string): boolean {
    return this.rejected.has(`${kind} ${name}`);
  }

  /** What it must hold when everything is at rest. */
  verify(fixture: XdsFixture): void {
    const parts = fixture.lists.get(this.workload);
    assert.ok(parts);
    const lists = wholeLists(parts);
    for (const kind of ['cluster', 'listener'] as const) {
      const names: readonly string[] = kind === 'cluster' ? lists.clusters : lists.listeners;
      const expected = new Map<string, string>();
      for (const name of names) {
        const value = fixture.resources[kind].get(name);
        if (value !== undefined) expected.set(name, value.version);
      }
      const held = [...this.held[kind]].filter(([name]) => !name.startsWith('vip/'));
      assert.deepEqual(
        new Map(held.map(([name, value]) => [name, value.version])),
        expected,
        names.map((name) => this.state(kind, name)).join('\n'),
      );
    }
    for (const kind of ['secret', 'endpoints', 'route'] as const) {
      for (const name of this.subscribed[kind]) {
        if (!this.needs(kind, name)) continue;
        const resources = fixture.resources[kind];
        const own = this.workload.startsWith('a/') ? resources.get(`${name}@a`) : undefined;
        const expected = (own ?? resources.get(name))?.version;
        assert.equal(this.held[kind].get(name)?.version, expected, this.states(kind, name));
      }
    }
    for (const name of this.onDemand) {
      const expected = fixture.onDemand.get(name);
      if (expected !== undefined)
        assert.equal(this.held.cluster.get(name)?.version, expected.version, this.state('cluster', name));
    }
    const owed = [...this.#owed].filter((name) => this.needs('endpoints', name));
    assert.deepEqual(owed, [], 'endpoints of a changed cluster were not sent again');
  }
}

function perKind<T>(make: () => T): Record<ResourceKind, T> {
  return { secret: make(), cluster: make(), endpoints: make(), listener: make(), route: make() };
}
