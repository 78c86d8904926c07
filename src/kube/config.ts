/**
 * Which API server, and as whom: from inside a cluster or from a kubeconfig.
 *
 * The client library's own parsers are used, by their own modules: its `KubeConfig` class pulls in every API
 * model (see README.md), its `config_types` module does not.
 */

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import {
  type Cluster,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from '@kubernetes/client-node/dist/config_types.js';
import { describeError } from '../base/errors.ts';
import { KubeError } from './errors.ts';

export interface Connection {
  readonly cluster: Cluster;
  readonly user: User;
  /** Of the context, `default` where it names none. */
  readonly namespace: string;
}

export interface ConnectionOptions {
  /** Empty or absent: $KUBECONFIG, else the service account of this pod, else ~/.kube/config. */
  readonly kubeconfigPath?: string | undefined;
  /** Empty or absent: the kubeconfig's current context. */
  readonly context?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

export async function loadConnection(options: ConnectionOptions): Promise<Connection> {
  const environment = options.environment ?? process.env;
  const paths = (options.kubeconfigPath || environment.KUBECONFIG || '').split(delimiter).filter(Boolean);
  if (paths.length > 0) return fromFiles(paths, options.context);
  if (environment.KUBERNETES_SERVICE_HOST) return inCluster(environment);
  return fromFiles([join(homedir(), '.kube', 'config')], options.context);
}

async function inCluster(environment: Readonly<Record<string, string | undefined>>): Promise<Connection> {
  const host = environment.KUBERNETES_SERVICE_HOST ?? '';
  const port = environment.KUBERNETES_SERVICE_PORT ?? '443';
  const namespace = await readFile(join(serviceAccountDirectory, 'namespace'), 'utf8').catch(() => 'default');
  return {
    cluster: {
      name: 'in-cluster',
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      caFile: join(serviceAccountDirectory, 'ca.crt'),
      skipTLSVerify: false,
    },
    user: {
      name: 'in-cluster',
      authProvider: { config: { tokenFile: join(serviceAccountDirectory, 'token') } },
    },
    namespace: namespace.trim(),
  };
}

/** Several files are merged as kubectl does: the first to define a name, or the current context, wins. */
async function fromFiles(paths: readonly string[], context: string | undefined): Promise<Connection> {
  const files = await Promise.all(paths.map(parseFile));
  const name = context || files.map((file) => file.currentContext).find(Boolean);
  if (name === undefined) throw unusable(`${paths.join(', ')} names no current context`);
  const chosen = files.flatMap((file) => file.contexts).find((candidate) => candidate.name === name);
  if (chosen === undefined) throw unusable(`${paths.join(', ')} has no context ${name}`);
  const cluster = files.flatMap((file) => file.clusters).find((one) => one.name === chosen.cluster);
  if (cluster === undefined) throw unusable(`context ${name} names the unknown cluster ${chosen.cluster}`);
  const user = files.flatMap((file) => file.users).find((one) => one.name === chosen.user);
  return { cluster, user: user ?? { name: '' }, namespace: chosen.namespace ?? 'default' };
}

async function parseFile(path: string) {
  try {
    // Imported here: nothing else in a control-plane pod needs a YAML parser at start.
    const { parse } = await import('yaml');
    const document: Record<string, unknown> = parse(await readFile(path, 'utf8')) ?? {};
    const current = document['current-context'];
    const clusters = newClusters(document.clusters);
    const users = newUsers(document.users).map((user, index) => {
      // The library's parser does not know this field; its own way to say the same is this provider.
      const tokenFile: unknown = (document.users as { user?: { tokenFile?: unknown } }[])[index]?.user
        ?.tokenFile;
      if (typeof tokenFile !== 'string') return user;
      return { ...user, authProvider: { config: { tokenFile: resolve(dirname(path), tokenFile) } } };
    });
    for (const cluster of clusters) {
      if (cluster.caFile) cluster.caFile = resolve(dirname(path), cluster.caFile);
    }
    for (const user of users) {
      if (user.certFile) user.certFile = resolve(dirname(path), user.certFile);
      if (user.keyFile) user.keyFile = resolve(dirname(path), user.keyFile);
    }
    return {
      clusters,
      users,
      contexts: newContexts(document.contexts),
      currentContext: typeof current === 'string' ? current : undefined,
    };
  } catch (error) {
    // A YAML error quotes the file, so only its first line, which names the position, is passed on.
    throw unusable(`${path}: ${describeError(error).split('\n')[0]}`);
  }
}

function unusable(detail: string): KubeError {
  return new KubeError('WEFT-KUBE-05', `${detail}.`, { status: 0, reason: 'InvalidKubeconfig' });
}
