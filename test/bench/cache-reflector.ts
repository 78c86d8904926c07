/** Child process of the cache bench: our reflector into a graph source, projected as for the mesh. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createKubeApi } from '../../src/kube/api.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { namespaces, pods } from '../../src/kube/resources.ts';
import { projectPod } from '../../src/mesh/project.ts';
import type { PodSource } from '../../src/mesh/sources.ts';
import { Graph } from '../../src/graph/graph.ts';
import { silent } from '../../src/base/log.ts';
import { measureCache } from './cache-measure.ts';

const delay = monitorEventLoopDelay({ resolution: 1 });
const abort = new AbortController();
const api = createKubeApi({ kubeconfigPath: process.argv[2], log: silent });
await api.get(namespaces, 'default');
await measureCache(delay, async () => {
  const graph = new Graph({
    onError: (error) => {
      throw error;
    },
  });
  const source = graph.source<PodSource>('pods');
  const reflector = new Reflector({ api, type: pods, project: projectPod, sink: source, log: silent });
  void reflector.run(abort.signal);
  await reflector.synced;
  await graph.settled();
  return { count: () => source.size, retained: [source, reflector] };
});
abort.abort();
