/** The part of the composition root that is about injection: what the settings of process and mesh make of it. */

import { randomBytes } from 'node:crypto';
import { version } from './base/version.ts';
import type { MeshSettings } from './mesh/model.ts';
import type { Settings } from './settings.ts';
import type { InjectContext } from './webhook/inject/context.ts';
import { type PreparedInjection, prepareInjection } from './webhook/inject/inject.ts';

/** The injection under the settings and roots of the moment; prepared anew only when they change. */
export function currentInjection(
  settings: Settings,
  identity: InjectContext['identity'],
  mesh: { readonly settings: () => MeshSettings | undefined; readonly trustRoots: () => string | undefined },
): () => PreparedInjection {
  let prepared: PreparedInjection | undefined;
  return () => {
    const current = mesh.settings();
    if (current === undefined) throw new Error('the settings of the mesh are not known yet');
    // With pod certificates the kubelet brings the roots, and new ones change nothing in the pod.
    const trustRoots = identity === 'sds' ? mesh.trustRoots() : undefined;
    const known = prepared?.context;
    if (prepared !== undefined && known?.settings === current && known.trustRoots === trustRoots) {
      return prepared;
    }
    prepared = prepareInjection({
      version,
      settings: current,
      controlPlane: {
        namespace: settings.namespace,
        service: settings.serviceName,
        serviceAccount: settings.serviceAccount,
        xdsPort: settings.xdsPort,
      },
      identity,
      ...(trustRoots === undefined ? {} : { trustRoots }),
      random: () => randomBytes(16).toString('hex'),
    });
    return prepared;
  };
}
