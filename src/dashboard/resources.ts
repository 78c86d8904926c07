/** What the API serves: groups of resources, as discovery tells them and as questions are answered. */

import type { Permission } from './access.ts';
import type { ResourcePath } from './request-path.ts';

/** A question that somebody may ask. */
export interface Question extends Permission {
  readonly path: ResourcePath;
  readonly query: URLSearchParams;
  /** Aborts when whoever asks has gone. */
  readonly signal: AbortSignal;
  /** Whether whoever asks may do this as well, such as the verb `create` on `taps/bodies`, in the namespace of the question. */
  readonly may: (verb: string, resource: string, subresource?: string) => Promise<boolean>;
}

export type Answer =
  | { readonly kind: 'json'; readonly body: unknown }
  /** One JSON document per line, for as long as the request lives. */
  | { readonly kind: 'stream'; readonly items: AsyncIterable<unknown> }
  | {
      readonly kind: 'content';
      readonly type: string;
      readonly body: string | Buffer;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface ApiResource {
  /** `stat`, or with a subresource `proxies/config`. */
  readonly name: string;
  /** Of what it answers. */
  readonly kind: string;
  readonly verbs: readonly ('get' | 'list' | 'watch' | 'create')[];
  /** Whether it exists in namespaces only, or for the whole cluster as well. */
  readonly scope: 'namespace' | 'both';
  /**
   * Whether who may see some namespaces only is answered with these when they ask about the cluster. Then the answer must
   * come from `scoped` and contain nothing that its scope does not permit.
   */
  readonly partly: boolean;
  /** Errors that people can mend are ApiErrors. */
  readonly answer: (question: Question) => Promise<Answer>;
}

export interface ApiGroup {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ApiResource[];
  /** The APIResourceList where it is not simply what `resources` say. */
  readonly discovery?: object;
}

/** There may be two of one name, one for what has a name and one for the list. */
export function findResources(groups: readonly ApiGroup[], path: ResourcePath): readonly ApiResource[] {
  const group = groups.find((one) => one.group === path.group && one.version === path.version);
  const name = path.subresource === '' ? path.resource : `${path.resource}/${path.subresource}`;
  return (group?.resources ?? []).filter(
    (one) => one.name === name && !(one.scope === 'namespace' && path.namespace === ''),
  );
}

/**
 * Documents of discovery by path (meta/v1 APIGroupList, APIGroup, APIResourceList): by them the API server finds out
 * whether the API is there, and kubectl what it serves.
 */
export function discoveryOf(groups: readonly ApiGroup[]): ReadonlyMap<string, unknown> {
  const described = groups.map(({ group, version }) => {
    const preferred = { groupVersion: `${group}/${version}`, version };
    return { name: group, versions: [preferred], preferredVersion: preferred };
  });
  return new Map<string, unknown>([
    ['/apis', { kind: 'APIGroupList', apiVersion: 'v1', groups: described }],
    ...described.map(
      (group) => [`/apis/${group.name}`, { kind: 'APIGroup', apiVersion: 'v1', ...group }] as const,
    ),
    ...groups.map(
      ({ group, version, resources, discovery }) =>
        [
          `/apis/${group}/${version}`,
          discovery ?? {
            kind: 'APIResourceList',
            apiVersion: 'v1',
            groupVersion: `${group}/${version}`,
            resources: [...Map.groupBy(resources, ({ name }) => name)].map(([name, all]) => ({
              name,
              singularName: '',
              namespaced: true,
              kind: all[0]?.kind ?? '',
              verbs: all.flatMap(({ verbs }) => verbs),
            })),
          },
        ] as const,
    ),
  ]);
}

/** A resource that is read as a whole, for a namespace or for all. */
export function list(
  name: string,
  kind: string,
  answer: (question: Question) => Promise<unknown>,
): ApiResource {
  return {
    name,
    kind,
    verbs: ['list'],
    scope: 'both',
    partly: true,
    answer: async (question): Promise<Answer> => ({ kind: 'json', body: await answer(question) }),
  };
}
