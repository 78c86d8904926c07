/**
 * Cache fill: 20,000 pods from one API server into our graph by our reflector, against the client library's
 * informer. Each is measured in a process of its own, several times in turn; the best run of each counts, since the
 * machine's other work can only make a run slower.
 */

import { fork } from 'node:child_process';
import { startApiServer } from '../../dev/cluster/cluster.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { namespaces, pods, serviceAccounts } from '../../src/kube/resources.ts';
import type { KubeApi } from '../../src/kube/types.ts';
import { silent } from '../../src/base/log.ts';
import { benchPod } from './cache-pods.ts';

const podCount = 20_000;
const namespaceCount = 50;
const rounds = 5;
const writersAtOnce = 48;

/** What a child process sends when its cache is full. */
export interface CacheFigures {
  readonly objects: number;
  /** From the call that starts the cache to its being complete. */
  readonly fillMs: number;
  /** Of this process, user and system, during the fill. */
  readonly cpuMs: number;
  /** Growth of the heap in use, after a full collection before and after. */
  readonly heapBytes: number;
  /** Most memory the process ever held, everything included. */
  readonly peakRssBytes: number;
  readonly maxStallMs: number;
}

export async function run(): Promise<Record<string, number>> {
  const server = await startApiServer({ log: console.log });
  try {
    const api = createKubeApi({ kubeconfigPath: server.kubeconfigPath, log: silent });
    await createPods(api);
    const ours: CacheFigures[] = [];
    const theirs: CacheFigures[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await measure('reflector', server.kubeconfigPath));
      theirs.push(await measure('informer', server.kubeconfigPath));
    }
    const mine = best(ours);
    const library = best(theirs);
    print('Weft reflector', mine);
    print('client-node informer', library);
    return {
      speedup: library.fillMs / mine.fillMs,
      heapRatio: mine.heapBytes / library.heapBytes,
    };
  } finally {
    await server.stop();
  }
}

async function createPods(api: KubeApi): Promise<void> {
  for (let index = 0; index < namespaceCount; index++) {
    const name = `bench-${index}`;
    await api.create(namespaces, { metadata: { name } });
    await api.create(serviceAccounts, { metadata: { name: 'default', namespace: name } });
  }
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < podCount) {
      const index = next++;
      await api.create(pods, benchPod(index, `bench-${index % namespaceCount}`));
      if (index % 5000 === 4999) console.log(`${index + 1} of ${podCount} pods created`);
    }
  };
  await Promise.all(Array.from({ length: writersAtOnce }, writer));
}

function measure(kind: 'reflector' | 'informer', kubeconfigPath: string): Promise<CacheFigures> {
  return new Promise((resolve, reject) => {
    const program = new URL(`./cache-${kind}.ts`, import.meta.url);
    const child = fork(program, [kubeconfigPath], { execArgv: ['--expose-gc', '--max-old-space-size=4096'] });
    child.once('message', (figures) => resolve(figures as CacheFigures));
    child.once('exit', (code) => reject(new Error(`${kind} ended with ${code} before its cache was full`)));
    child.once('error', reject);
  });
}

function best(figures: readonly CacheFigures[]): CacheFigures {
  const least = (field: keyof CacheFigures): number => Math.min(...figures.map((each) => each[field]));
  return {
    objects: least('objects'),
    fillMs: least('fillMs'),
    cpuMs: least('cpuMs'),
    heapBytes: least('heapBytes'),
    peakRssBytes: least('peakRssBytes'),
    maxStallMs: least('maxStallMs'),
  };
}

function print(name: string, figures: CacheFigures): void {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
  console.log(
    `${name.padEnd(22)} ${figures.objects} objects in ${figures.fillMs.toFixed(0)} ms (${figures.cpuMs.toFixed(0)} ms CPU), ` +
      `${megabytes(figures.heapBytes)} MB heap, ${megabytes(figures.peakRssBytes)} MB peak RSS, ` +
      `longest stall ${figures.maxStallMs.toFixed(0)} ms`,
  );
}
