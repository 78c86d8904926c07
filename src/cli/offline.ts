/** What injection needs to know of the mesh when nobody can be asked: the defaults of MeshConfig and of the chart. */

import { xdsPort } from '../base/names.ts';
import { version } from '../base/version.ts';
import { configDefaults, settingsOf } from '../mesh/settings.ts';
import type { InjectSettings } from './commands/inject.ts';

/** As in the chart's values.yaml. */
export const defaultImages = {
  proxyImage: 'envoyproxy/envoy:v1.40.0',
  redirectImage: `weft/redirect:${version}`,
} as const;

export interface OfflineOptions {
  readonly proxyImage: string;
  readonly redirectImage: string;
}

/** @param namespace of the control plane */
export function offlineSettings(options: OfflineOptions, namespace: string): InjectSettings {
  const started = {
    image: options.proxyImage,
    redirectImage: options.redirectImage,
    imagePullPolicy: 'IfNotPresent',
  } as const;
  return {
    version,
    settings: settingsOf(configDefaults, started, []),
    controlPlane: { namespace, service: 'weft', serviceAccount: 'weft', xdsPort },
    identity: 'podCertificate',
  };
}
