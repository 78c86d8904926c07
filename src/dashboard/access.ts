/**
 * What somebody may see. A question about one namespace needs the right to it there. A question about the whole cluster
 * needs the right to it everywhere; who has it only in some namespaces is answered with these. Other namespaces that an
 * answer would name are looked up as it is made.
 */

import type { Access, User } from '../kube/user-review.ts';
import { ApiError, forbidden } from './errors.ts';
import type { ResourcePath } from './request-path.ts';

/** What an answer may contain. */
export interface Scope {
  /** The namespace that was asked about; empty for all. */
  readonly namespace: string;
  /** Everything may be seen, also what is of no namespace. */
  readonly everywhere: boolean;
  mayRead(namespace: string): boolean;
}

export type MayAccess = (user: User, access: Access) => Promise<boolean>;

export interface Permission {
  readonly everywhere: boolean;
  /** Makes an answer within its scope. `make` may be called more than once, so it must only read. */
  readonly scoped: <T>(make: (scope: Scope) => T) => Promise<T>;
}

/** Namespaces that are looked up for one answer, each by a question to the API server. */
const mostNamespaces = 500;
const concurrent = 16;
/** An answer that names further namespaces each time it is made anew would be a fault of ours. */
const mostRounds = 5;

/**
 * @param partly whether a question about the cluster may be answered with the namespaces somebody may see
 * Rejects with WEFT-API-02 where it is not permitted.
 */
export async function openScope(
  mayAccess: MayAccess,
  user: User,
  verb: string,
  path: ResourcePath,
  partly: boolean,
): Promise<Permission> {
  const attributes = { verb, ...path };
  const isPermitted = await mayAccess(user, attributes);
  const isOfCluster = path.namespace === '';
  if (!isPermitted && !(isOfCluster && partly)) throw refusal(user, verb, path);
  const elsewhere: Access = { ...attributes, verb: 'list', name: '', subresource: '', namespace: '' };
  const everywhere = isOfCluster ? isPermitted : await mayAccess(user, elsewhere);
  const known = new Map<string, boolean>(isOfCluster ? [] : [[path.namespace, true]]);
  const scoped: Permission['scoped'] = async (make) => {
    for (let round = 0; round < mostRounds; round++) {
      const unknown = new Set<string>();
      const mayRead = (namespace: string): boolean => {
        if (everywhere) return true;
        const may = known.get(namespace);
        if (may === undefined && namespace !== '') unknown.add(namespace);
        return may ?? false;
      };
      const made = attempt(() => make({ namespace: path.namespace, everywhere, mayRead }));
      if (unknown.size === 0) {
        if (made.failed) throw made.error;
        if (!everywhere && ![...known.values()].includes(true)) throw refusal(user, verb, path);
        return made.value;
      }
      if (known.size + unknown.size > mostNamespaces) {
        throw new ApiError('WEFT-API-10', `There are more than ${mostNamespaces}.`, {
          status: 403,
          reason: 'Forbidden',
        });
      }
      await inTurn([...unknown], async (namespace) => {
        known.set(namespace, await mayAccess(user, { ...elsewhere, namespace }));
      });
    }
    throw new Error('an answer goes on naming further namespaces');
  };
  return { everywhere, scoped };
}

/** What is refused may only have been refused because a namespace was not looked up yet. */
function attempt<T>(make: () => T): { failed: false; value: T } | { failed: true; error: unknown } {
  try {
    return { failed: false, value: make() };
  } catch (error) {
    return { failed: true, error };
  }
}

async function inTurn(names: readonly string[], action: (name: string) => Promise<void>): Promise<void> {
  const rest = names.values();
  const work = async (): Promise<void> => {
    for (const name of rest) await action(name);
  };
  await Promise.all(Array.from({ length: Math.min(concurrent, names.length) }, work));
}

function refusal(user: User, verb: string, path: ResourcePath): ApiError {
  const what = [path.resource, path.subresource].filter((part) => part !== '').join('/');
  const where = path.namespace === '' ? 'the whole cluster' : `namespace ${path.namespace}`;
  return forbidden(`${user.username} may not ${verb} ${what}.${path.group} in ${where}.`);
}
