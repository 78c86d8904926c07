/** `weft analyze`: what is wrong with the configuration of the mesh, in a cluster, in files, or in a cluster with these files. */

import type { Command } from 'commander';
import { WeftError } from '../../base/errors.ts';
import { findingKey, atLeast, severities } from '../../analysis/sort.ts';
import type { Finding, Severity } from '../../analysis/types.ts';
import { type AnalyzeOptions, analyzeObjects } from '../../analysis/world.ts';
import type { KubeObject } from '../../kube/types.ts';
import { prepareInjection } from '../../webhook/inject/inject.ts';
import { readCluster } from '../analyze-cluster.ts';
import { readFiles } from '../analyze-files.ts';
import { type CommandContext, contextOf, namespaceName, oneOf, type Session } from '../context.ts';
import { defaultImages } from '../offline.ts';
import { askReplicas } from '../replicas.ts';
import type { InjectSettings } from './inject.ts';

interface Options {
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly severity: string;
  readonly offline?: boolean;
}

export function registerAnalyze(program: Command, session: Session): void {
  program
    .command('analyze')
    .description('look for mistakes in the configuration of the mesh, in the cluster or in files')
    .option('-f, --filename <file...>', 'manifests, folders of them, or - for standard input')
    .option('--offline', 'the files alone, without a cluster')
    .option(
      '-n, --namespace <name>',
      'findings of this namespace alone; also of objects in files that name none',
    )
    .option('-A, --all-namespaces', 'findings of all namespaces (the default)')
    .option('--severity <least>', `how bad it has to be: ${severities.join(', ')}`, 'info')
    .addHelpText(
      'after',
      '\nExit code: 0 nothing worse than info was found, 1 errors or warnings, 2 the question could not be answered.',
    )
    .action(async (options: Options, command: Command) => {
      const context = contextOf(command, session);
      const severity = oneOf<Severity>('--severity', options.severity, severities);
      const namespace =
        options.namespace === undefined || options.allNamespaces === true
          ? undefined
          : namespaceName('--namespace', options.namespace);
      const all = await analyze(options, namespace, context);
      const findings = atLeast(
        all.filter(({ object }) => namespace === undefined || object.namespace === namespace),
        severity,
      );
      context.print(findings, () => describe(findings));
      session.exitCode = findings.some((finding) => finding.severity !== 'info') ? 1 : 0;
    });
}

async function analyze(
  options: Options,
  namespace: string | undefined,
  context: CommandContext,
): Promise<readonly Finding[]> {
  const { filename = [], offline = false } = options;
  if (offline && filename.length === 0) {
    throw new WeftError('WEFT-CLI-03', 'Without a cluster there have to be files.', { field: '--filename' });
  }
  const written = await readFiles(filename, namespace ?? 'default', context.edges);
  if (offline) return run(written, filesAlone(written, context), context);
  const cluster = await readCluster(context, namespace);
  const situation = {
    nowMs: context.edges.clock.now(),
    controlPlaneNamespace: context.weftNamespace,
    unknownKinds: cluster.unknown,
    ...(await currentProxy(context)),
  };
  const live: AnalyzeOptions = { defaults: startDefaults, situation, existing: cluster.objects };
  const after = await run(written, live, context);
  if (written.length === 0) return after;
  // Only what the files have to do with: what was wrong before stays somebody else's.
  const before = new Set((await run([], live, context)).map(findingKey));
  const own = new Set(
    written.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`),
  );
  return after.filter(
    (finding) =>
      !before.has(findingKey(finding)) ||
      own.has(`${finding.object.kind} ${finding.object.namespace ?? ''} ${finding.object.name}`),
  );
}

const startDefaults = {
  image: defaultImages.proxyImage,
  redirectImage: defaultImages.redirectImage,
  imagePullPolicy: 'IfNotPresent',
} as const;

/** What is not in the files may be in the cluster; of Services, where the files have none of the namespace. */
function filesAlone(
  written: readonly KubeObject[],
  { weftNamespace, edges }: CommandContext,
): AnalyzeOptions {
  const has = (kind: string): boolean => written.some((object) => object.kind === kind);
  const services = written.filter(({ kind }) => kind === 'Service');
  const unknownKinds = [
    'secrets',
    'configmaps',
    'customresourcedefinitions',
    ...(has('GatewayClass') ? [] : ['gatewayclasses']),
    ...(has('Gateway') ? [] : ['gateways']),
    ...(has('Namespace') ? [] : ['namespaces']),
  ];
  return {
    defaults: startDefaults,
    situation: {
      nowMs: edges.clock.now(),
      controlPlaneNamespace: weftNamespace,
      unknownKinds,
      givenNamespaces: [...new Set(services.map(({ metadata }) => metadata.namespace ?? ''))],
    },
  };
}

async function run(
  written: readonly KubeObject[],
  options: AnalyzeOptions,
  { edges }: CommandContext,
): Promise<readonly Finding[]> {
  const { findings, failures } = await analyzeObjects(written, options);
  for (const failure of failures) edges.err(`could not be looked at: ${failure}\n`);
  return findings;
}

/** What new pods are given; nothing where the control plane does not answer, or we may not ask it. */
async function currentProxy(context: CommandContext): Promise<Pick<AnalyzeOptions['situation'], 'proxy'>> {
  try {
    const [settings] = await askReplicas<InjectSettings>(context, '/v1/injection');
    if (settings === undefined) return {};
    const { settingsHash } = prepareInjection({ ...settings, random: () => '' });
    return { proxy: { version: settings.version, settings: settingsHash } };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    context.edges.err('the control plane does not answer: whether proxies are up to date is not looked at\n');
    return {};
  }
}

function describe(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Nothing was found.';
  const blocks = findings.map(({ code, severity, object, path, message, fix }) => {
    const { kind, namespace, name } = object;
    const where = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}${path === '' ? '' : ` at ${path}`}`;
    return `${severity} ${code}  ${where}\n    ${message}.\n    To do: ${fix}`;
  });
  return `${blocks.join('\n')}\n\n${summary(findings)}`;
}

function summary(findings: readonly Finding[]): string {
  const counts = severities.map((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    const plural = severity === 'info' || count === 1 ? severity : `${severity}s`;
    return `${count} ${plural}`;
  });
  return `${counts.join(', ')}. Each code has a page in docs/errors.`;
}
