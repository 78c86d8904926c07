/** `policies`: what each names, whether it is in use, what it decides and for whom. */

import type { MeshSources } from '../../mesh/sources.ts';
import type { Scope } from '../access.ts';
import { type TargetedPolicy, targetsOf } from './policy-targets.ts';
import { distinctRefs, isWanted, refOf, workloadRef } from './refs.ts';
import type { ObjectRef, PolicyView } from './types.ts';
import type { World } from './world.ts';

type Judged = Pick<PolicyView, 'accepted' | 'reason' | 'message' | 'effect' | 'affects'>;

export function listPolicies(world: World, scope: Scope): readonly PolicyView[] {
  const views = targetsOf(world.sources)
    .filter(({ namespace }) => isWanted(namespace, scope))
    .map((policy): PolicyView => {
      const { kind, namespace, name } = policy;
      const targets = policy.targets.map((target) => ({
        kind: target.kind,
        namespace,
        name: target.name,
        missing: !exists(world, namespace, target),
      }));
      return { kind, namespace, name, ...judged(world, policy, scope), targets };
    });
  return views.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf({ namespace, kind, name }: PolicyView): string {
  return `${namespace}/${kind}/${name}`;
}

const unjudged = { accepted: false, reason: 'Pending', message: 'It has not been judged yet.' };

function judged(world: World, policy: TargetedPolicy, scope: Scope): Judged {
  const key = `${policy.namespace}/${policy.name}`;
  switch (policy.kind) {
    case 'MutualTLSPolicy':
      return mutualTLS(world, key, scope);
    case 'TelemetryPolicy':
      return telemetry(world, key, scope);
    case 'XBackendTrafficPolicy':
      return backendTraffic(world, key, policy, scope);
    case 'BackendTLSPolicy':
      return backendTLS(world, key, policy, scope);
  }
}

function mutualTLS({ mesh, sources }: World, key: string, scope: Scope): Judged {
  const verdict = mesh.policyVerdicts.get(key);
  const spec = sources.mutualTLSPolicies.get(key)?.spec;
  const affects = [...mesh.workloads.entries()]
    .filter(([, workload]) => workload.mtls.policy === key)
    .map(([workload]) => workloadRef(workload, scope));
  return {
    ...said(verdict?.accepted),
    effect: `mutual TLS ${spec?.mode ?? ''}`.trim(),
    affects: distinctRefs(affects),
  };
}

function telemetry({ mesh, sources }: World, key: string, scope: Scope): Judged {
  const verdict = mesh.telemetryVerdicts.get(key);
  const {
    targetRefs: _targetRefs,
    selector: _selector,
    ...sections
  } = sources.telemetryPolicies.get(key)?.spec ?? {};
  const routes = (verdict?.routes ?? []).map((route) => {
    const [kind = '', namespace = '', name = ''] = route.split('/');
    return refOf(kind, `${namespace}/${name}`, scope);
  });
  const workloads = (verdict?.workloads ?? []).map((workload) => workloadRef(workload, scope));
  return {
    ...said(verdict?.accepted),
    effect: Object.keys(sections).map(inWords).join(', '),
    affects: distinctRefs([...workloads, ...routes]),
  };
}

function backendTraffic(world: World, key: string, policy: TargetedPolicy, scope: Scope): Judged {
  const verdict = world.mesh.backendTrafficVerdicts.get(key);
  const spec = world.sources.backendTrafficPolicies.get(key)?.spec;
  const effect = [
    ...(spec?.retryConstraint === undefined ? [] : ['retry budget']),
    ...(spec?.sessionPersistence === undefined ? [] : ['session persistence']),
  ];
  return {
    ...ofAncestors(verdict?.ancestors),
    effect: effect.join(', '),
    affects: ofTargets(world, policy, scope),
  };
}

function backendTLS(world: World, key: string, policy: TargetedPolicy, scope: Scope): Judged {
  const verdict = world.mesh.gateway.backendTLSVerdicts.get(key);
  const hostname = world.sources.backendTLSPolicies.get(key)?.validation.hostname ?? '';
  return {
    ...ofAncestors(verdict?.ancestors),
    effect: `TLS to ${hostname}`,
    affects: ofTargets(world, policy, scope),
  };
}

function said(
  accepted: { readonly status: boolean; readonly reason: string; readonly message: string } | undefined,
) {
  if (accepted === undefined) return unjudged;
  return { accepted: accepted.status, reason: accepted.reason, message: accepted.message };
}

type Ancestors = readonly {
  readonly conditions: readonly {
    readonly type: string;
    readonly status: boolean;
    readonly reason: string;
    readonly message: string;
  }[];
}[];

/** In use where it is for one of them; else why the first one refuses it. */
function ofAncestors(ancestors: Ancestors | undefined): Pick<Judged, 'accepted' | 'reason' | 'message'> {
  const conditions = (ancestors ?? []).flatMap((ancestor) =>
    ancestor.conditions.filter(({ type }) => type === 'Accepted'),
  );
  return said(conditions.find(({ status }) => status) ?? conditions[0]);
}

function ofTargets(world: World, { namespace, targets }: TargetedPolicy, scope: Scope): readonly ObjectRef[] {
  return distinctRefs(
    targets
      .filter((target) => exists(world, namespace, target))
      .map(({ kind, name }) => refOf(kind, `${namespace}/${name}`, scope)),
  );
}

/** Sources of kinds that may be targets; those of pods' owners are known by their pods. */
const collections: Readonly<Record<string, keyof MeshSources>> = {
  Service: 'services',
  Gateway: 'gateways',
  HTTPRoute: 'httpRoutes',
  GRPCRoute: 'grpcRoutes',
};

function exists(
  { mesh, sources }: World,
  namespace: string,
  { kind, name }: { readonly kind: string; readonly name: string },
): boolean {
  const collection = collections[kind];
  if (collection === undefined) return mesh.workings.podsByWorkload.has(`${namespace}/${kind}/${name}`);
  return (sources[collection] as { has(key: string): boolean }).has(`${namespace}/${name}`);
}

/** `accessLog` -> `access log` */
function inWords(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
