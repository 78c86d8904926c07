/** What controllers count. */

import { Counter, Gauge, Histogram, registry } from '../base/metrics.ts';

const registers = [registry];

export const certificatesAnswered = new Counter({
  name: 'weft_certificate_requests_total',
  help: 'PodCertificateRequests this replica answered, by result: issued, denied, or taken (another replica was first).',
  labelNames: ['result'],
  registers,
});

export const certificateSeconds = new Histogram({
  name: 'weft_certificate_request_seconds',
  help: 'From seeing a PodCertificateRequest to the API server having its answer.',
  buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30],
  registers,
});

export const identitiesIssued = new Counter({
  name: 'weft_identities_issued_total',
  help: 'Certificates that were handed to proxies over their streams, by reason: connected, due, or roots (the authority has another root).',
  labelNames: ['reason'],
  registers,
});

const expiries = new Map<string, () => number | undefined>();

/** Read at every scrape, so that it is right however long nothing happens. */
export const certificateExpiry = new Gauge({
  name: 'weft_ca_expiry_seconds',
  help: 'Seconds until a certificate of the control plane expires: root, intermediate, or serving (of this replica).',
  labelNames: ['certificate'],
  registers,
  collect() {
    for (const [certificate, secondsLeft] of expiries) {
      const seconds = secondsLeft();
      if (seconds !== undefined) this.set({ certificate }, seconds);
    }
  },
});

export function exposeExpiry(
  certificate: 'root' | 'intermediate' | 'serving',
  secondsLeft: () => number | undefined,
): void {
  expiries.set(certificate, secondsLeft);
}

export const trustBundleServed = new Gauge({
  name: 'weft_trust_bundle_supported',
  help: '1 where the cluster has ClusterTrustBundles and pods get their trust from there, else 0.',
  registers,
});
