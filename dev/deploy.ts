/**
 * Installs Weft into a cluster with its Helm chart. For a local cluster (`npm run deploy -- [NAME]`) the images are
 * built and loaded first; any other is only touched when `--kubeconfig` or `--context` names it, with images that
 * its nodes can pull.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBinaries } from './cluster/binaries.ts';
import { openCluster } from './cluster/cluster.ts';
import { gatewayApiCrds } from './cluster/gateway-api.ts';
import { projectDirectory } from './cluster/paths.ts';
import { gatewayApiVersion } from './cluster/versions.ts';
import { type Log, run, withProgress } from './command.ts';
import { type BuiltImage, buildImages, loadImages } from './images/images.ts';

/** A local Cluster is one. Without a kubeconfig the user's own counts, as for kubectl. */
export interface DeployTarget {
  readonly kubeconfigPath?: string;
  readonly context?: string;
  /** Where images can be loaded; without it the chart's values must name images the nodes can pull. */
  readonly containerdSocket?: string;
}

export interface DeployOptions {
  readonly log: Log;
  /** Values of the chart; they win over those that name the images just built. */
  readonly values?: object;
  /** Paths of files with values, as helm takes them. */
  readonly valuesFiles?: readonly string[];
  /** `key=value`, as helm takes them. */
  readonly sets?: readonly string[];
}

export interface Deployed {
  readonly namespace: string;
  /** The images that were built; empty for a cluster that is not local. */
  readonly images: Readonly<Record<string, BuiltImage>>;
}

const namespace = 'weft-system';
const rolloutLimit = '180s';

/** Variables by which helm would leave the cluster it was told to use. */
const noOtherCluster = {
  HELM_KUBECONTEXT: undefined,
  HELM_KUBEAPISERVER: undefined,
  HELM_KUBETOKEN: undefined,
  HELM_KUBECAFILE: undefined,
  HELM_KUBEASUSER: undefined,
  HELM_KUBEASGROUPS: undefined,
  HELM_NAMESPACE: undefined,
} as const;

interface Tools {
  kubectl(...argv: string[]): Promise<string>;
  helm(...argv: string[]): Promise<string>;
}

async function toolsFor(target: DeployTarget, log: Log): Promise<Tools> {
  const binaries = await ensureBinaries(['kubectl', 'helm'], log);
  const kubeconfig = target.kubeconfigPath === undefined ? [] : ['--kubeconfig', target.kubeconfigPath];
  const { context } = target;
  return {
    kubectl: (...argv) =>
      run([
        binaries.kubectl,
        ...kubeconfig,
        ...(context === undefined ? [] : ['--context', context]),
        ...argv,
      ]),
    helm: (...argv) =>
      run(
        [
          binaries.helm,
          ...kubeconfig,
          ...(context === undefined ? [] : ['--kube-context', context]),
          ...argv,
        ],
        {
          env: noOtherCluster,
        },
      ),
  };
}

/** Installs or upgrades Weft and resolves when every replica of the control plane is ready. */
export async function deployWeft(target: DeployTarget, options: DeployOptions): Promise<Deployed> {
  const { log } = options;
  const tools = await toolsFor(target, log);
  const images =
    target.containerdSocket === undefined ? {} : await buildImages(['control', 'redirect', 'envoy'], log);
  if (target.containerdSocket !== undefined)
    await loadImages({ containerdSocket: target.containerdSocket }, images, log);
  await withProgress(log, `installing Gateway API ${gatewayApiVersion}`, () =>
    installGatewayApi(target, tools, log),
  );
  await withProgress(log, 'installing the chart', () => installChart(tools, images, options));
  await withProgress(log, 'waiting for the control plane', () => waitForRollout(tools));
  return { namespace, images };
}

/** Leaves the CRDs of a cluster that is not ours as they are, whatever their version. */
async function installGatewayApi(target: DeployTarget, tools: Tools, log: Log): Promise<void> {
  const annotation = 'gateway\\.networking\\.k8s\\.io/bundle-version';
  const path = `jsonpath={.metadata.annotations.${annotation}}`;
  const crd = 'crd/httproutes.gateway.networking.k8s.io';
  const present = await tools.kubectl('get', crd, '--ignore-not-found', '-o', path);
  if (present === gatewayApiVersion) return;
  if (present !== '' && target.containerdSocket === undefined) {
    log(
      `Gateway API ${present} is installed in this cluster and stays as it is (Weft is tested with ${gatewayApiVersion})`,
    );
    return;
  }
  const folder = await gatewayApiCrds('standard', log);
  await tools.kubectl(
    'apply',
    '--server-side',
    '--force-conflicts',
    '--field-manager=weft-dev',
    '-f',
    folder,
  );
  await tools.kubectl('wait', '--for=condition=Established', '--timeout=30s', crd);
}

/** Values of the chart that name the images just built. */
export function imageValues(images: Readonly<Record<string, BuiltImage>>): object {
  const { control, redirect, envoy } = images;
  if (control === undefined || redirect === undefined || envoy === undefined) return {};
  const colon = control.ref.lastIndexOf(':');
  return {
    // Nothing but the node itself has them: a missing one is an error to be told, not to be pulled.
    image: {
      repository: control.ref.slice(0, colon),
      tag: control.ref.slice(colon + 1),
      pullPolicy: 'Never',
    },
    proxy: { image: envoy.ref },
    redirect: { image: redirect.ref },
  };
}

async function installChart(
  tools: Tools,
  images: Readonly<Record<string, BuiltImage>>,
  options: DeployOptions,
): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'weft-deploy-'));
  try {
    const words: string[] = [];
    for (const [name, values] of Object.entries({
      images: imageValues(images),
      values: options.values ?? {},
    })) {
      const file = join(work, `${name}.json`);
      await writeFile(file, JSON.stringify(values));
      words.push('--values', file);
    }
    for (const file of options.valuesFiles ?? []) words.push('--values', file);
    for (const set of options.sets ?? []) words.push('--set', set);
    const chart = join(projectDirectory, 'charts', 'weft');
    await tools.helm(
      'upgrade',
      '--install',
      'weft',
      chart,
      '--namespace',
      namespace,
      '--create-namespace',
      ...words,
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Fails with what the pods say when they do not become ready. */
async function waitForRollout(tools: Tools): Promise<void> {
  const inNamespace = ['--namespace', namespace];
  try {
    await tools.kubectl(...inNamespace, 'rollout', 'status', 'deployment/weft', `--timeout=${rolloutLimit}`);
  } catch (error) {
    const pods = await tools.kubectl(...inNamespace, 'get', 'pods', '-o', 'wide').catch(String);
    const logs = await tools.kubectl(...inNamespace, 'logs', 'deployment/weft', '--tail=20').catch(String);
    throw new Error(
      `the control plane is not ready after ${rolloutLimit}:\n${pods}\nlast words of one replica:\n${logs}`,
      {
        cause: error,
      },
    );
  }
}

const usage = `Usage: npm run deploy -- [NAME] [--values FILE] [--set KEY=VALUE]
       npm run deploy -- --kubeconfig FILE | --context NAME [--values FILE] [--set KEY=VALUE]

  NAME           a cluster of this machine (npm run cluster -- list); weft where none is given
  --kubeconfig   another cluster; its nodes must be able to pull the images that the values name
  --context      the same, by a context of the kubeconfig
  --values       a file with values for the chart; may be given several times
  --set          one value for the chart; may be given several times`;

async function main(): Promise<void> {
  const several = { type: 'string', multiple: true } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      values: several,
      set: several,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return console.log(usage);
  const [name, ...more] = positionals;
  const isOther = values.kubeconfig !== undefined || values.context !== undefined;
  if (more.length > 0 || (isOther && name !== undefined)) throw new Error(usage);
  const target: DeployTarget = isOther
    ? {
        ...(values.kubeconfig === undefined ? {} : { kubeconfigPath: values.kubeconfig }),
        ...(values.context === undefined ? {} : { context: values.context }),
      }
    : await openCluster(name ?? 'weft');
  const log = (line: string): void => console.log(line);
  const startedMs = Date.now();
  const { images } = await deployWeft(target, {
    log,
    valuesFiles: values.values ?? [],
    sets: values.set ?? [],
  });
  for (const { ref } of Object.values(images)) console.log(`  ${ref}`);
  console.log(`Weft runs in ${namespace} after ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
