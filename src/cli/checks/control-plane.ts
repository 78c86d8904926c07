/** Checks of the control plane: its kinds, its pods, who leads, and the settings it works under. */

import { group } from '../../base/names.ts';
import { version } from '../../base/version.ts';
import {
  customResourceDefinitions,
  leases,
  certificateAuthorities,
  meshConfigs,
  mutualTLSPolicies,
  telemetryPolicies,
  resourceNameOf,
} from '../../kube/resources.ts';
import type { Condition, KubeApi, KubeObject, ResourceType } from '../../kube/types.ts';
import { readyReplicas } from '../replicas.ts';
import { failed, ok, type Verdict, warning } from './check.ts';
import type { Facts } from './facts.ts';

const ownKinds = [meshConfigs, certificateAuthorities, mutualTLSPolicies, telemetryPolicies];

interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: readonly Pick<Condition, 'type' | 'status'>[] };
}

export async function definitions({ context: { api } }: Facts): Promise<Verdict> {
  const wrong: string[] = [];
  for (const type of ownKinds) {
    if (!(await api.serves(type))) wrong.push(await whyNotServed(api, type));
  }
  if (wrong.length > 0) return failed(`not all kinds of ${group} are served`, wrong);
  return ok(`the ${ownKinds.length} kinds of ${group} are served`);
}

async function whyNotServed(api: KubeApi, type: ResourceType): Promise<string> {
  const name = resourceNameOf(type);
  const definition = await api.get<Definition>(customResourceDefinitions, name);
  if (definition === undefined) return `${name} does not exist`;
  const isEstablished = definition.status?.conditions?.some(
    (condition) => condition.type === 'Established' && condition.status === 'True',
  );
  if (isEstablished !== true) return `${name} is not established`;
  return `${name} is not served at version ${type.version}`;
}

export async function controlPlane({ context, deployment }: Facts): Promise<Verdict> {
  const found = await deployment();
  if (found === undefined) return failed(`there is no Deployment weft in namespace ${context.weftNamespace}`);
  const { spec, status, metadata } = found;
  const wanted = spec.replicas ?? 1;
  const ready = status?.readyReplicas ?? 0;
  if (wanted === 0) return failed('it is scaled to 0 replicas');
  if (ready < wanted) return failed(`${ready} of ${wanted} replicas are ready`);
  const isRolledOut =
    status?.observedGeneration === metadata.generation && (status?.updatedReplicas ?? 0) >= wanted;
  if (!isRolledOut) return warning(`${wanted} replicas are ready, but not all of them are the new ones yet`);
  return ok(`${wanted} ${wanted === 1 ? 'replica is' : 'replicas are'} ready`);
}

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly renewTime?: string;
  };
}

export async function replicas(facts: Facts): Promise<Verdict> {
  const { statuses } = await facts.replicas();
  const ready = await readyReplicas(facts.context);
  const silent = ready.filter((name) => statuses.every(({ replica }) => replica !== name));
  if (silent.length > 0) return failed(`${silent.length} of ${ready.length} replicas do not answer`, silent);
  const others = statuses.filter((one) => one.version !== version);
  if (others.length > 0) {
    return warning(
      `this command is version ${version}, not every replica is`,
      others.map((one) => `${one.replica} ${one.version}`),
    );
  }
  return ok(`${statuses.length === 1 ? 'it answers' : `all ${statuses.length} answer`}, version ${version}`);
}

export async function leader(facts: Facts): Promise<Verdict> {
  const { api, weftNamespace } = facts.context;
  const { statuses } = await facts.replicas();
  const leading = statuses.filter((one) => one.leading).map((one) => one.replica);
  const lease = await api.get<Lease>(leases, 'weft', weftNamespace);
  const { holderIdentity = '', leaseDurationSeconds = 0, renewTime = '' } = lease?.spec ?? {};
  if (holderIdentity === '') return failed('nobody holds the Lease weft');
  const silentSeconds = Math.round(((await facts.review()).serverTimeMs - Date.parse(renewTime)) / 1000);
  if (silentSeconds > leaseDurationSeconds) {
    return failed(`${holderIdentity} holds the Lease, but has not renewed it for ${silentSeconds} s`);
  }
  if (leading.length === 1 && leading[0] === holderIdentity) return ok(`${holderIdentity} leads`);
  return failed(`the Lease names ${holderIdentity}`, [
    leading.length === 0 ? 'no replica says that it leads' : `${leading.join(' and ')} say that they lead`,
  ]);
}

/** Certificates are dated back by a minute; a replica whose clock is further ahead signs what is not valid yet. */
const toleratedSkewMs = 30_000;

export async function replicaClocks(facts: Facts): Promise<Verdict> {
  const { statuses, answeredMs } = await facts.replicas();
  const { serverTimeMs, localTimeMs } = await facts.review();
  const wrong = statuses.flatMap(({ replica, nowMs }) => {
    const skewMs = nowMs - (serverTimeMs + answeredMs - localTimeMs);
    return Math.abs(skewMs) <= toleratedSkewMs ? [] : [`${replica} by ${Math.round(skewMs / 1000)} s`];
  });
  if (wrong.length > 0) return failed('clocks of replicas differ from that of the API server', wrong);
  return ok('the replicas and the API server agree on the time');
}

export async function settings({ meshConfig }: Facts): Promise<Verdict> {
  const found = await meshConfig();
  if (found === undefined) return ok('there is no MeshConfig; the defaults are in use');
  const accepted = found.status?.conditions?.find(({ type }) => type === 'Accepted');
  const { generation = 0 } = found.metadata;
  if (accepted?.status === 'False') return failed(`MeshConfig is not accepted: ${accepted.message}`);
  if (accepted === undefined || (accepted.observedGeneration ?? generation) < generation) {
    return warning('the control plane has not judged the last change of MeshConfig yet');
  }
  const { trustDomain, mtls } = found.spec;
  return ok(`MeshConfig is in use: trust domain ${trustDomain}, mTLS ${mtls.mode}`);
}
