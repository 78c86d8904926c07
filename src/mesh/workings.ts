/** How the mesh came to its verdicts, for those who explain them to people. Everybody else reads `Mesh`. */

import type { Collection, Index } from '../graph/types.ts';
import type { Attachables } from './gateways/attachable.ts';
import type { CheckedCertificate } from './gateways/certificates.ts';
import type { JudgedGateway } from './gateways/judge.ts';
import type { Mesh, MeshPod, ServicePort } from './model.ts';
import type { PodPort } from './pod-ports.ts';
import type { Attachments } from './routes/attachments.ts';
import type { ReadRoute } from './routes/read.ts';

export interface MeshWorkings {
  /** Routes as they were understood, keyed `<kind>/<namespace>/<name>`. */
  readonly routes: Collection<ReadRoute>;
  readonly attachments: Attachments;
  readonly attachables: Attachables;
  readonly judgedGateways: Collection<JudgedGateway>;
  /** By Secret; only those that a Gateway or ListenerSet names. */
  readonly certificates: Collection<CheckedCertificate>;
  /** TCP ports of Services, by address and port. */
  readonly frontends: Index<ServicePort>;
  readonly podsByWorkload: Index<MeshPod>;
  readonly podPorts: Collection<readonly PodPort[]>;
}

export interface WorkedMesh extends Mesh {
  readonly workings: MeshWorkings;
}
