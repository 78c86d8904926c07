/** Asks the observability API (base/observe.ts) through the API server, with the user's own credentials. */

import { WeftError } from '../base/errors.ts';
import { observeBase, observeGroup, type ObserveResource } from '../base/observe.ts';
import { KubeError } from '../kube/errors.ts';
import type { RequestOptions, ResponseStream } from '../kube/types.ts';
import type { CommandContext } from './context.ts';

export interface Question {
  readonly resource: ObserveResource;
  /** Without one the whole cluster is meant. */
  readonly namespace?: string | undefined;
  /** What follows the resource: `web-1/clusters`. */
  readonly rest?: string;
  readonly query?: NonNullable<RequestOptions['query']>;
  readonly method?: 'GET' | 'POST';
  readonly signal?: AbortSignal;
}

/** Throws WeftError WEFT-CLI-02, -05 or -06 where there is no answer. */
export async function observe<T>(context: CommandContext, question: Question): Promise<T> {
  const { method = 'GET', query, signal } = question;
  try {
    return await context.api.request<T>(method, pathOf(question), {
      ...(query === undefined ? {} : { query }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw inWords(error, question);
  }
}

/** An answer that goes on for as long as it is read. */
export async function observeStream(context: CommandContext, question: Question): Promise<ResponseStream> {
  const { query, signal } = question;
  try {
    return await context.api.stream(pathOf(question), {
      query: { watch: true, ...query },
      accept: 'application/x-ndjson, application/json',
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw inWords(error, question, 'watch');
  }
}

/** Tells on standard error what an answer does not cover. */
export function tellGaps(context: CommandContext, gaps: readonly string[]): void {
  for (const gap of gaps) context.edges.err(`${context.paint.warning('warning:')} ${gap}\n`);
}

function pathOf({ resource, namespace, rest }: Question): string {
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `${observeBase}${scope}/${resource}${rest === undefined ? '' : `/${rest}`}`;
}

/** What RBAC sees of the request. */
function verbOf({ method, rest }: Question): string {
  if (method === 'POST') return 'create';
  return rest === undefined ? 'list' : 'get';
}

function inWords(error: unknown, question: Question, verb = verbOf(question)): unknown {
  if (!(error instanceof KubeError)) return error;
  if (error.status === 403) return forbidden(error, question, verb);
  const unknownGroup = error.status === 404 && error.reason === 'Unrecognized';
  if (unknownGroup || error.status === 503) {
    const why = unknownGroup ? 'the API server does not know it' : error.message.replace(/\.$/, '');
    return new WeftError('WEFT-CLI-05', `${observeGroup}: ${why}.`, { cause: error });
  }
  if (error.status === 404) return new WeftError('WEFT-CLI-02', whatIsMissing(error), { cause: error });
  return error;
}

/** `WEFT-API-08: There is no pod shop/web. Check …`: what is missing, without the remedy of whoever says so. */
function whatIsMissing({ words, message }: KubeError): string {
  return /^WEFT-[A-Z]+-\d+: (?<what>.*?\.)(?: |$)/.exec(words)?.groups?.['what'] ?? message;
}

/** As the API server words it, and as the control plane does. */
const refusals = [
  /cannot (?<verb>\S+) resource "(?<resource>[^"]+)".*?(?:in the namespace "(?<namespace>[^"]+)"|at the cluster scope)/s,
  /may not (?<verb>\S+) (?<resource>[a-z/]+)\.[a-z.]+ in (?:namespace (?<namespace>[a-z0-9-]+)|the whole cluster)/,
];

function forbidden(error: KubeError, question: Question, asked: string): WeftError {
  const told = refusals.map((words) => words.exec(error.message)).find((match) => match !== null)?.groups;
  const verb = told?.['verb'] ?? asked;
  const resource = told?.['resource'] ?? subresource(question);
  const namespace = told === undefined ? question.namespace : told['namespace'];
  const where = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`;
  const rule = `{apiGroups: [${observeGroup}], resources: [${resource}], verbs: [${verb}]}`;
  return new WeftError(
    'WEFT-CLI-06',
    `You may not ${verb} ${resource} ${where}; the rule would be ${rule}.`,
    {
      cause: error,
    },
  );
}

function subresource({ resource, rest }: Question): string {
  const below = rest?.split('/')[1];
  return below === undefined ? resource : `${resource}/${below}`;
}
