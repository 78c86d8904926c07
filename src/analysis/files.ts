/** From the text of manifests to objects as the API server would see them. */

import { parseAllDocuments } from 'yaml';
import { WeftError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import type { KubeObject } from '../kube/types.ts';
import './errors.ts';
import { groupOf } from './kinds.ts';

/** Kinds that live in no namespace, by `<group>/<kind>`, of those that are looked at. */
const clusterScoped: ReadonlySet<string> = new Set([
  '/Namespace',
  '/Node',
  'networking.k8s.io/ServiceCIDR',
  'gateway.networking.k8s.io/GatewayClass',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'weft.dev/MeshConfig',
  'weft.dev/CertificateAuthority',
]);

/**
 * YAML of any number of documents, or JSON; lists are taken apart. What is no object of Kubernetes is left out.
 * Throws WeftError WEFT-ANL-131 where the text is neither.
 *
 * @param namespace of objects that do not say theirs
 */
export function parseObjects(text: string, file: string, namespace: string): readonly KubeObject[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) {
      throw new WeftError('WEFT-ANL-131', problem.message.split('\n')[0] ?? '', {
        field: file,
        cause: problem,
      });
    }
    return objectsIn(document.toJS(), namespace);
  });
}

function objectsIn(value: unknown, namespace: string): readonly KubeObject[] {
  if (!isObject(value)) return [];
  const { apiVersion, kind, metadata, items } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return [];
  if (kind.endsWith('List') && Array.isArray(items))
    return items.flatMap((item) => objectsIn(item, namespace));
  if (!isObject(metadata) || typeof metadata['name'] !== 'string') return [];
  const object = value as unknown as KubeObject;
  const isNamespaced = !clusterScoped.has(`${groupOf(apiVersion)}/${kind}`);
  if (!isNamespaced || object.metadata.namespace !== undefined) return [object];
  return [{ ...object, metadata: { ...object.metadata, namespace } }];
}
