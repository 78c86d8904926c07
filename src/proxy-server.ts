/** The part of the composition root that is about proxies: what they are served, as whom, and what they use. */

import type { Clock } from './base/clock.ts';
import type { Logger } from './base/log.ts';
import { subjectOf } from './base/signals.ts';
import type { PodCertificates } from './controllers/pod-certificates.ts';
import type { ServingCertificate } from './controllers/serving.ts';
import type { WorkloadIdentities } from './controllers/workload-identities.ts';
import type { GraphApi, Source } from './graph/types.ts';
import { identify, type IdentifyOptions } from './identify.ts';
import type { Mesh, UsedSet } from './mesh/model.ts';
import { UsedSets } from './mesh/used.ts';
import type { Translation } from './xds/resource.ts';
import { createXdsServer, type XdsServer, type XdsServerOptions } from './xds/server/server.ts';
import { ownSecrets } from './xds/translate/secret.ts';

export interface ProxyServerOptions
  extends Required<Pick<XdsServerOptions, 'methods' | 'streams'>>,
    Pick<XdsServerOptions, 'acks'> {
  readonly graph: Pick<GraphApi, 'settled'>;
  readonly mesh: Mesh;
  readonly used: Source<UsedSet>;
  readonly translation: Translation;
  readonly certificate: ServingCertificate;
  readonly certificates: PodCertificates;
  readonly identities: WorkloadIdentities;
  readonly identifying: IdentifyOptions;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createProxyServer(options: ProxyServerOptions): XdsServer {
  const { graph, mesh, certificate, certificates, identities, log } = options;
  const used = new UsedSets(options.used);
  return createXdsServer({
    translation: options.translation,
    acks: options.acks,
    methods: options.methods,
    streams: options.streams,
    tls: { key: certificate.key, cert: certificate.cert, ca: certificate.ca },
    identify: async (peer, node) => {
      const identified = await identify(options.identifying, peer, node.id);
      const { key, uid, identity } = identified;
      if (peer.kind === 'certificate') {
        certificates.presented(key, uid, peer);
        return identified;
      }
      const subject = subjectOf(identified.workload, mesh.pods.get(key)?.version ?? '');
      return {
        ...identified,
        secrets: (listener) =>
          identities.follow({ identity, subject }, (issued) => {
            certificates.presented(key, uid, issued);
            listener(ownSecrets(issued));
          }),
      };
    },
    use: (workload, destinations) => {
      const refused = used.use(workload, destinations);
      if (refused > 0)
        log.warn(
          { workload, refused },
          'a workload uses too many destinations; the rest is not in the mesh for it',
        );
    },
    settled: () => graph.settled(),
    log,
    clock: options.clock,
  });
}
