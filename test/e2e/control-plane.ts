/** What the control plane says of itself, asked as a user asks: through the weft command. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isReady, kinds, type Pod } from './apps.ts';
import type { TestMesh } from './harness.ts';

const execute = promisify(execFile);

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Runs `weft ...` against the mesh; resolves whatever the exit code is. */
export async function weft(mesh: TestMesh, ...args: readonly string[]): Promise<Ran> {
  const argv = ['src/cli/main.ts', '--kubeconfig', mesh.cluster.kubeconfigPath, ...args];
  try {
    const { stdout, stderr } = await execute(process.execPath, argv, { maxBuffer: 64 << 20 });
    return { stdout, stderr, code: 0 };
  } catch (error) {
    const failed = error as { stdout: string; stderr: string; code: number };
    return { stdout: failed.stdout, stderr: failed.stderr, code: failed.code };
  }
}

export async function weftJson<T>(mesh: TestMesh, ...args: readonly string[]): Promise<T> {
  const { stdout, stderr, code } = await weft(mesh, ...args, '--output', 'json');
  // 1 is an answer too: something that was asked about is not well.
  if (code > 1) throw new Error(`weft ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Names of the resources that the first pod of an app holds, `<kind> <name>`. */
export async function heldBy(mesh: TestMesh, namespace: string, app: string): Promise<readonly string[]> {
  const [pod] = await mesh.api.list<Pod>(kinds.pod, { namespace, labelSelector: `instance=${app}` });
  const config = await weftJson<{ resources: readonly { kind: string; name: string }[] }>(
    mesh,
    'proxy',
    'config',
    `${namespace}/${pod?.metadata.name ?? ''}`,
  );
  return config.resources.map((resource) => `${resource.kind} ${resource.name}`);
}

/** Pods of the control plane. */
export function controlPlanePods(mesh: TestMesh): Promise<readonly Pod[]> {
  return mesh.api.list<Pod>(kinds.pod, {
    namespace: 'weft-system',
    labelSelector: 'app.kubernetes.io/name=weft',
  });
}

/** Address of one that serves and is to stay. */
export async function replicaAddress(mesh: TestMesh): Promise<string> {
  const pods = await controlPlanePods(mesh);
  const pod = pods.find((one) => isReady(one) && one.metadata.deletionTimestamp === undefined);
  if (pod?.status.podIP === undefined) throw new Error('no replica of the control plane is ready');
  return pod.status.podIP;
}

/** Ends a container's process as `kill -9` would. */
export async function killContainer(
  { cluster }: TestMesh,
  pod: Pod | undefined,
  name: string,
): Promise<void> {
  const id = pod?.status.containerStatuses
    ?.find((one) => one.name === name)
    ?.containerID.replace('containerd://', '');
  if (id === undefined) throw new Error(`the pod has no container ${name} that runs`);
  await cluster.exec([
    'ctr',
    '--address',
    cluster.containerdSocket,
    '--namespace',
    'k8s.io',
    'task',
    'kill',
    '--signal',
    'SIGKILL',
    id,
  ]);
}
