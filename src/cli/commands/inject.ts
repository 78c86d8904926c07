/** `weft inject -f FILE`: puts proxies into the pods of a manifest, with the very code of the webhook. */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { describeError, WeftError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { InjectContext } from '../../webhook/inject/context.ts';
import { decide } from '../../webhook/inject/decide.ts';
import { injectPod, prepareInjection } from '../../webhook/inject/inject.ts';
import { contextOf, type Session } from '../context.ts';
import type { Edges } from '../edges.ts';
import { editManifest } from '../manifest.ts';
import { defaultImages, type OfflineOptions, offlineSettings } from '../offline.ts';
import { askReplicas } from '../replicas.ts';

/** What injection needs to know of the mesh, as plain data: what the control plane answers and a file can hold. */
export type InjectSettings = Omit<InjectContext, 'random'>;

export interface Report {
  /** `Deployment/web`. */
  readonly object: string;
  readonly outcome: 'injected' | 'unchanged' | 'skipped' | 'refused' | 'restored';
  readonly reason?: string;
}

export interface Edited {
  readonly text: string;
  readonly reports: readonly Report[];
}

/**
 * The manifest with a proxy in every pod that can have one. Injecting the result again changes nothing; pods that
 * cannot be injected are reported as refused and stay as they are. Throws WeftError WEFT-CLI-03.
 */
export function injectYaml(text: string, settings: InjectSettings): Edited {
  const prepared = prepareInjection({ ...settings, random: () => randomBytes(16).toString('hex') });
  const reports: Report[] = [];
  const result = editManifest(text, ({ kind, name, namespace, pod }) => {
    const object = `${kind}/${name}`;
    const decision = decide({
      pod,
      namespace,
      namespaceLabels: {},
      controlPlaneNamespace: settings.controlPlane.namespace,
      requested: true,
    });
    if (!decision.inject) {
      const outcome = decision.refused ? 'refused' : 'skipped';
      reports.push({ object, outcome, reason: decision.reason.describe() });
      return [];
    }
    try {
      const { operations } = injectPod(pod, prepared, 'replace');
      reports.push({ object, outcome: operations.length === 0 ? 'unchanged' : 'injected' });
      return operations;
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      reports.push({ object, outcome: 'refused', reason: error.describe() });
      return [];
    }
  });
  return { text: result, reports };
}

/** `-` is standard input. Throws WeftError WEFT-CLI-02. */
export async function readManifest(file: string, edges: Edges): Promise<string> {
  if (file === '-') return edges.readInput();
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new WeftError('WEFT-CLI-02', `${describeError(error)}.`, { field: file, cause: error });
  }
}

/** The manifest to standard output, what was done to standard error. Nothing is printed where a pod was refused. */
export function printEdited({ text, reports }: Edited, session: Session): void {
  const { edges } = session;
  const refused = reports.some((report) => report.outcome === 'refused');
  for (const { object, outcome, reason } of reports) {
    edges.err(`${object} ${outcome}${reason === undefined ? '' : `: ${reason}`}\n`);
  }
  if (reports.length === 0) edges.err('there is no pod and no pod template in the manifest\n');
  if (refused) session.exitCode = 1;
  else edges.out(text);
}

interface InjectOptions extends OfflineOptions {
  readonly filename?: string;
  readonly settings?: string;
  readonly offline?: boolean;
  readonly showSettings?: boolean;
}

export function registerInject(program: Command, session: Session): void {
  program
    .command('inject')
    .description('put the proxy into the pods and pod templates of a manifest, as the webhook would')
    .option('-f, --filename <file>', 'manifest in YAML or JSON; - for standard input')
    .option('--settings <file>', 'settings of the mesh from this file instead of the cluster')
    .addOption(
      new Option('--offline', 'the defaults of the mesh instead of the settings of the cluster').conflicts(
        'settings',
      ),
    )
    .addOption(offlineImage('--proxy-image <image>', 'Envoy', defaultImages.proxyImage))
    .addOption(
      offlineImage('--redirect-image <image>', 'what redirects connections', defaultImages.redirectImage),
    )
    .addOption(new Option('--show-settings', 'print the settings, for --settings').conflicts('filename'))
    .action(async (options: InjectOptions, command: Command) => {
      const settings =
        options.offline === true
          ? offlineSettings(options, contextOf(command, session).weftNamespace)
          : await readSettings(options.settings, command, session);
      if (options.showSettings === true) {
        session.edges.out(`${JSON.stringify(settings, null, 2)}\n`);
        return;
      }
      if (options.filename === undefined) {
        throw new WeftError('WEFT-CLI-03', 'It is missing; it names the manifest.', { field: '--filename' });
      }
      printEdited(injectYaml(await readManifest(options.filename, session.edges), settings), session);
    });
}

/** Whose value the cluster would say, if it were asked. */
function offlineImage(flags: string, what: string, image: string): Option {
  return new Option(flags, `implies --offline: ${what}`)
    .default(image)
    .implies({ offline: true })
    .conflicts('settings');
}

async function readSettings(
  file: string | undefined,
  command: Command,
  session: Session,
): Promise<InjectSettings> {
  if (file === undefined) {
    const [settings] = await askReplicas<InjectSettings>(contextOf(command, session), '/v1/injection');
    if (settings !== undefined) return settings;
    throw new WeftError('WEFT-CLI-01', 'It does not know the settings of the mesh yet.');
  }
  const text = await readManifest(file, session.edges);
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch (error) {
    throw new WeftError('WEFT-CLI-03', `${describeError(error)}.`, { field: '--settings', cause: error });
  }
  if (isInjectSettings(settings)) return settings;
  throw new WeftError('WEFT-CLI-03', `${file} is not what --show-settings prints.`, { field: '--settings' });
}

/** Enough to tell another file from one of ours; ours is written by the control plane. */
function isInjectSettings(value: unknown): value is InjectSettings {
  if (!isObject(value) || !isObject(value['settings']) || !isObject(value['controlPlane'])) return false;
  return typeof value['version'] === 'string' && isObject(value['settings']['proxy']);
}
