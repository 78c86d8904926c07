/** Child process of the cache bench: the client library's informer, as its documentation shows it. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';
import { measureCache } from './cache-measure.ts';

const delay = monitorEventLoopDelay({ resolution: 1 });
const config = new KubeConfig();
config.loadFromFile(process.argv[2] ?? '');
const core = config.makeApiClient(CoreV1Api);
await core.readNamespace({ name: 'default' });
await measureCache(delay, async () => {
  const informer = makeInformer(config, '/api/v1/pods', () => core.listPodForAllNamespaces());
  informer.on('error', (error: unknown) => {
    throw error;
  });
  await informer.start();
  return { count: () => informer.list().length, retained: [informer] };
});
process.exit(0);
