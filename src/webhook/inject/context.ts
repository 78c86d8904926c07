/** What injection depends on besides the pod: plain data that the composition root or the CLI provides. */

import type { MeshSettings } from '../../mesh/model.ts';

/** How proxies reach the control plane, and who it must prove to be. */
export interface ControlPlane {
  readonly namespace: string;
  readonly service: string;
  readonly serviceAccount: string;
  /** Port of the Service on which ADS is served. */
  readonly xdsPort: number;
}

export interface InjectContext {
  /** Weft's own version, for the `weft.dev/proxy` annotation. */
  readonly version: string;
  readonly settings: MeshSettings;
  readonly controlPlane: ControlPlane;
  /**
   * Where a proxy's identity comes from. `podCertificate`: key and certificate from the kubelet, on clusters
   * that serve PodCertificateRequest and ClusterTrustBundle. `sds`: over ADS, authorised by the pod's token.
   */
  readonly identity: 'podCertificate' | 'sds';
  /** Root certificates of the mesh in PEM; `sds` needs them to know the control plane. */
  readonly trustRoots?: string;
  /** A fresh unguessable word of letters and digits for each call. */
  random(): string;
}
