/** `services`: ports and how their bytes are read, who is behind them, which routes and policies concern them. */

import type { Scope } from '../access.ts';
import { targetsOf } from './policy-targets.ts';
import { distinctRefs, isWanted, refOf, workloadRef } from './refs.ts';
import type { ObjectRef, ServicePortView, ServiceView } from './types.ts';
import { membersOf, serviceOf, type World } from './world.ts';

export function listServices(world: World, scope: Scope): readonly ServiceView[] {
  const { sources, traffic } = world;
  const members = membersOf(world);
  const ports = portsByService(world);
  const routes = routesByService(world, scope);
  const policies = policiesByService(world, scope);
  const views: ServiceView[] = [];
  for (const [key, { namespace, name, addresses }] of sources.services.entries()) {
    if (!isWanted(namespace, scope)) continue;
    views.push({
      namespace,
      name,
      addresses,
      ports: ports.get(key) ?? [],
      workloads: distinctRefs([...(members.get(key) ?? [])].map((workload) => workloadRef(workload, scope))),
      routes: distinctRefs(routes.get(key) ?? []),
      policies: distinctRefs(policies.get(key) ?? []),
      traffic: traffic.ofService(key),
    });
  }
  return views.sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
}

function portsByService({ mesh }: World): ReadonlyMap<string, readonly ServicePortView[]> {
  const ports = new Map<string, ServicePortView[]>();
  for (const [key, { port, portName, protocol }] of mesh.servicePorts.entries()) {
    const endpoints = mesh.endpoints.get(key)?.endpoints ?? [];
    const view = {
      port,
      name: portName,
      protocol,
      endpoints: endpoints.length,
      meshed: endpoints.filter(({ identity }) => identity !== undefined).length,
    };
    add(ports, serviceOf(key), view);
  }
  for (const all of ports.values()) all.sort((a, b) => a.port - b.port);
  return ports;
}

/** Routes that attach to a Service, or send to it. */
function routesByService({ mesh }: World, scope: Scope): ReadonlyMap<string, readonly ObjectRef[]> {
  const routes = new Map<string, ObjectRef[]>();
  for (const [, route] of mesh.workings.routes.entries()) {
    const { kind, namespace, name } = route;
    const ref = refOf(kind, `${namespace}/${name}`, scope);
    const backends = route.rules.flatMap((rule) => rule.backends.map((backend) => backend.ref));
    const services = [...route.parentRefs, ...backends].filter(
      (target) => (target.kind ?? 'Service') === 'Service' && (target.group ?? '') === '',
    );
    for (const target of services) add(routes, `${target.namespace ?? namespace}/${target.name}`, ref);
  }
  return routes;
}

function policiesByService(world: World, scope: Scope): ReadonlyMap<string, readonly ObjectRef[]> {
  const policies = new Map<string, ObjectRef[]>();
  for (const { kind, namespace, name, targets } of targetsOf(world.sources)) {
    for (const target of targets) {
      if (target.kind === 'Service')
        add(policies, `${namespace}/${target.name}`, refOf(kind, `${namespace}/${name}`, scope));
    }
  }
  return policies;
}

function add<V>(groups: Map<string, V[]>, key: string, value: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}
