/** For the randomized test: a mesh that changes at random. */

import type { EncodedResource, ProxyNames, ResourceKind, ResourceRef } from '../../src/xds/resource.ts';
import { createFixture, type XdsFixture } from './xds-fixture.ts';

export type Random = (below: number) => number;

export function generator(seed: number): Random {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function resource(name: string, version: string, needs: readonly ResourceRef[] = []): EncodedResource {
  return { name, version, body: Buffer.from(version), needs };
}

export const workloads = ['a/Deployment/x', 'b/Deployment/y'];
export const services = Array.from({ length: 8 }, (_, index) => `s${index}`);

function namesOf(used: readonly string[]): ProxyNames {
  const names = (prefix: string): string[] => used.map((service) => `${prefix}/${service}`).sort();
  return { clusters: names('c'), listeners: names('l') };
}

/** The mesh: services with a cluster, endpoints, a listener and a route each, used by workloads. */
export class World {
  readonly fixture: XdsFixture = createFixture();
  readonly #random: Random;
  readonly #used = new Map<string, Set<string>>(workloads.map((workload) => [workload, new Set()]));
  /** What workloads may share, the same object for the same services. */
  readonly #shared = new Map<string, ProxyNames>();
  #version = 0;

  constructor(random: Random) {
    this.#random = random;
    this.fixture.resources.secret.set('id', resource('id', 'secret-1'));
    for (const service of services) this.#create(service);
    this.#lists();
  }

  /** About one in eight versions is bad: Envoy rejects it. */
  #next(): string {
    return `${this.#random(8) === 0 ? 'bad' : 'good'}-${++this.#version}`;
  }

  #create(service: string): void {
    for (const kind of ['cluster', 'endpoints', 'listener', 'route'] as const) this.#change(service, kind);
    this.#answer(service);
  }

  #change(service: string, kind: ResourceKind): void {
    const needs: Record<ResourceKind, readonly ResourceRef[]> = {
      secret: [],
      endpoints: [],
      cluster: [
        { kind: 'endpoints', name: `e/${service}` },
        { kind: 'secret', name: 'id' },
      ],
      listener: [{ kind: 'route', name: `r/${service}` }],
      route: [{ kind: 'cluster', name: `c/${service}` }],
    };
    const name = `${kind.charAt(0)}/${service}`;
    this.fixture.resources[kind].set(name, resource(name, this.#next(), needs[kind]));
  }

  /** Routes for the clients of one namespace. */
  #routeFor(service: string, audience: string): void {
    const name = `r/${service}`;
    const needs = [{ kind: 'cluster', name: `c/${service}` }] as const;
    this.fixture.resources.route.set(name + audience, resource(name, this.#next() + audience, needs));
  }

  #answer(service: string): void {
    const name = vip(service);
    const needs: ResourceRef[] = [
      { kind: 'cluster', name: `c/${service}` },
      { kind: 'listener', name: `l/${service}` },
    ];
    this.fixture.onDemand.set(name, resource(name, `good-${++this.#version}`, needs));
  }

  #lists(): void {
    for (const [workload, used] of this.#used) {
      // At every step something else is shared, so that services go from one part of the lists to the other.
      const all = [...used].sort();
      const common = all.filter((_, index) => (index + all.length) % 3 > 0);
      const shared = this.#shared.get(common.join(' ')) ?? namesOf(common);
      this.#shared.set(common.join(' '), shared);
      this.fixture.lists.set(workload, { ...namesOf(all.filter((one) => !common.includes(one))), shared });
    }
  }

  use(workload: string, destination: string): void {
    this.#used.get(workload)?.add(serviceOf(destination));
    this.#lists();
  }

  step(): void {
    const service = services[this.#random(services.length)] ?? '';
    const workload = workloads[this.#random(workloads.length)] ?? '';
    const { resources } = this.fixture;
    switch (this.#random(8)) {
      case 0:
        this.#used.get(workload)?.delete(service);
        return this.#lists();
      case 1:
        return this.use(workload, vip(service).slice(4));
      case 2:
        for (const kind of ['cluster', 'endpoints', 'listener', 'route'] as const) {
          resources[kind].delete(`${kind.charAt(0)}/${service}`);
        }
        return;
      case 3:
        return this.#create(service);
      case 4:
        if (this.#random(2) === 0) this.#routeFor(service, '@a');
        else resources.route.delete(`r/${service}@a`);
        return;
      default: {
        const kinds = ['cluster', 'endpoints', 'listener', 'route'] as const;
        this.#change(service, kinds[this.#random(4)] ?? 'route');
      }
    }
  }

  /** Ends with good versions of everything. */
  heal(): void {
    for (const kind of ['cluster', 'endpoints', 'listener', 'route'] as const) {
      for (const [name, value] of this.fixture.resources[kind].entries()) {
        if (value.version.startsWith('bad')) {
          this.fixture.resources[kind].set(name, { ...value, version: `good-${++this.#version}` });
        }
      }
    }
  }
}

export function vip(service: string): string {
  return `vip/10.0.0.${service.slice(1)}:80`;
}

export function serviceOf(destination: string): string {
  return `s${/^10\.0\.0\.(\d+):80$/.exec(destination)?.[1]}`;
}
