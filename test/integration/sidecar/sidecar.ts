/** Starts what the webhook put into a pod, as the kubelet would: files of the volumes, packet rules, Envoy. */

import type { ChildProcess } from 'node:child_process';
import { mkdir, rm, writeFile, chown } from 'node:fs/promises';
import { identityDirectory } from '../../../src/base/names.ts';
import { adminDirectory } from '../../../src/webhook/inject/envoy.ts';
import type { PodLike } from '../../../src/webhook/inject/restore.ts';
import type { PodNetwork } from './namespaces.ts';

export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly address: string;
  readonly serviceAccount: string;
}

export interface IdentityFiles {
  readonly key: string;
  readonly chain: string;
  readonly trust: string;
  readonly token: string;
}

export interface Sidecar {
  /** What Envoy wrote to its log so far. */
  log(): string;
  /** Ends it and waits until it has ended. */
  stop(): Promise<void>;
  readonly exited: Promise<number | null>;
}

/** `$(NAME)` from the container's environment, `$$` for a dollar: the kubelet's rules for arguments. */
export function expandArgument(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\((\w+)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (environment[name] ?? whole),
  );
}

export async function startSidecar(
  pod: PodLike,
  facts: PodFacts,
  files: IdentityFiles,
  network: PodNetwork,
  envoy: string,
): Promise<Sidecar> {
  const [redirect, proxy] = pod.spec?.initContainers ?? [];
  if (redirect?.args === undefined || proxy?.args === undefined) throw new Error('the pod is not injected');
  const user = proxy.securityContext?.runAsUser;
  if (user === undefined) throw new Error('the proxy has no user of its own');
  await writeVolumes(pod, files, user);
  await network.run(0, [...(redirect.command ?? []), ...redirect.args]);
  const values: Readonly<Record<string, string>> = {
    'metadata.name': facts.name,
    'metadata.namespace': facts.namespace,
    'metadata.uid': facts.uid,
    'status.podIP': facts.address,
    'spec.serviceAccountName': facts.serviceAccount,
  };
  const environment = Object.fromEntries(
    (proxy.env ?? []).map(({ name, valueFrom }) => [
      name,
      values[valueFrom?.fieldRef?.fieldPath ?? ''] ?? '',
    ]),
  );
  const args = proxy.args.map((argument) => expandArgument(argument, environment));
  return watched(network.start(user, [envoy, ...args], environment));
}

function watched(child: ChildProcess): Sidecar {
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
  });
  const exited = new Promise<number | null>((resolve) => {
    child.on('exit', (code) => resolve(code));
  });
  return {
    log: () => log,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
    exited,
  };
}

async function writeVolumes(pod: PodLike, files: IdentityFiles, user: number): Promise<void> {
  await rm('/run/weft', { recursive: true, force: true });
  await mkdir(identityDirectory, { recursive: true });
  await mkdir(adminDirectory, { recursive: true });
  await chown(adminDirectory, user, user);
  const write = (name: string, content: string) => writeFile(`${identityDirectory}/${name}`, content);
  const sources =
    pod.spec?.volumes?.find((volume) => volume.projected !== undefined)?.projected?.sources ?? [];
  for (const { podCertificate, clusterTrustBundle, serviceAccountToken, downwardAPI } of sources) {
    if (podCertificate?.keyPath !== undefined) await write(podCertificate.keyPath, files.key);
    if (podCertificate?.certificateChainPath !== undefined) {
      await write(podCertificate.certificateChainPath, files.chain);
    }
    if (clusterTrustBundle !== undefined) await write(clusterTrustBundle.path, files.trust);
    if (serviceAccountToken !== undefined) await write(serviceAccountToken.path, files.token);
    for (const { path, fieldRef } of downwardAPI?.items ?? []) {
      const annotation = /^metadata\.annotations\['(.+)'\]$/.exec(fieldRef?.fieldPath ?? '')?.[1] ?? '';
      await write(path, pod.metadata?.annotations?.[annotation] ?? '');
    }
  }
}
