/**
 * What a request is about, read from its path as the API server of Kubernetes reads it (apiserver's RequestInfo): both
 * have to come to the same resource and verb, or one would permit what the other does not mean.
 */

export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  /** Empty for the whole cluster. */
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
}

/** Undefined where the path is not that of a resource. Throws URIError where it is not properly encoded. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const [apis, group, version, ...rest] = path.split('/').slice(1).map(decodeURIComponent);
  if (apis !== 'apis' || !group || !version || rest.includes('')) return undefined;
  const isNamespaced = rest[0] === 'namespaces' && rest.length > 1;
  const namespace = isNamespaced ? (rest[1] ?? '') : '';
  // `namespaces/shop` alone is the namespace itself.
  const [resource = '', name = '', subresource = '', ...more] =
    isNamespaced && rest.length > 2 ? rest.slice(2) : rest;
  if (resource === '' || more.length > 0) return undefined;
  return { group, version, namespace, resource, name, subresource };
}

/** The verb of RBAC, or undefined for a method that nothing of ours takes. */
export function verbOf(method: string, path: Pick<ResourcePath, 'name'>, watch: boolean): string | undefined {
  if (method === 'POST') return 'create';
  if (method !== 'GET') return undefined;
  if (path.name !== '') return 'get';
  return watch ? 'watch' : 'list';
}
