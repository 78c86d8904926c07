/** What can go wrong with keys, certificates and requests for them. */

import { defineErrors } from '../base/errors.ts';

export const authorityErrors = defineErrors({
  'WEFT-CA-01': {
    title: 'The Secret of the certificate authority is incomplete or its parts do not belong together.',
    remedy:
      'Restore the Secret from a backup, or delete it: a replica that still holds the good one writes it back, else a new one is made.',
  },
  'WEFT-CA-02': {
    title: 'A certificate request cannot be read or its signature does not match its key.',
    remedy: 'Send a PKCS#10 request in DER, signed with the key it carries.',
  },
  'WEFT-CA-03': {
    title: 'A certificate request claims a name of its own.',
    remedy: 'Leave the subject empty: a workload is named by its service account and by nothing else.',
  },
  'WEFT-CA-04': {
    title: 'A certificate request carries a kind of key that the authority does not sign.',
    remedy: 'Use an ECDSA key on the curve P-256 (keyType: ECDSAP256).',
  },
  'WEFT-CA-05': {
    title: 'A certificate request carries user annotations that the authority does not know.',
    remedy: 'Remove userAnnotations from the podCertificate volume source; the signer takes none.',
  },
  'WEFT-CA-06': {
    title: 'A certificate request names another service account than the pod it is for.',
    remedy:
      'Only the kubelet of the pod may ask; check that the NodeRestriction admission plugin is on and who may create PodCertificateRequests.',
  },
  'WEFT-CA-07': {
    title: 'The root certificate of the mesh will expire soon.',
    remedy: 'Plan a new root: proxies refuse one another once it has expired.',
  },
  'WEFT-CA-08': {
    title: 'The authority cannot sign for the lifetime asked, because its own certificate ends before.',
    remedy:
      'Check that a replica is leader and may update the Secret of the authority; it renews the intermediate by itself.',
  },
  'WEFT-CA-09': {
    title: 'The clock of a replica is too far off to sign.',
    remedy:
      'Set the clock of the node of this replica, or of the API server; `weft check` says how far they are apart.',
  },
});
