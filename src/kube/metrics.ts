/** What kube/ counts. Labels are few and bounded: verbs, status codes, names of kinds. */

import { Counter, Gauge, Histogram, registry } from '../base/metrics.ts';

const registers = [registry];

export const requests = new Counter({
  name: 'weft_kube_requests_total',
  help: 'Requests to the Kubernetes API by verb and HTTP status; status "none" where there was no response.',
  labelNames: ['verb', 'status'],
  registers,
});

export const tokenReviews = new Counter({
  name: 'weft_token_reviews_total',
  help: 'Tokens shown by proxies, by result: accepted, remembered (accepted before), refused, or failed (nobody could be asked).',
  labelNames: ['result'],
  registers,
});

export const watchEvents = new Counter({
  name: 'weft_kube_watch_events_total',
  help: 'Watch events received, by resource.',
  labelNames: ['resource'],
  registers,
});

export const relists = new Counter({
  name: 'weft_kube_relists_total',
  help: 'Times a resource was read from scratch.',
  labelNames: ['resource'],
  registers,
});

export const watchFailures = new Counter({
  name: 'weft_kube_watch_failures_total',
  help: 'Lists and watches that ended in failure, by resource and reason.',
  labelNames: ['resource', 'reason'],
  registers,
});

export const projectionErrors = new Counter({
  name: 'weft_kube_projection_errors_total',
  help: 'Objects that could not be projected.',
  labelNames: ['resource'],
  registers,
});

export const reflectorPhase = new Gauge({
  name: 'weft_kube_reflector_phase',
  help: '1 for the phase that the reflector of a resource is in: syncing, live, retrying or absent.',
  labelNames: ['resource', 'phase'],
  registers,
});

export const queueDepth = new Gauge({
  name: 'weft_workqueue_depth',
  help: 'Keys that wait for a worker.',
  labelNames: ['queue'],
  registers,
});

export const reconciles = new Counter({
  name: 'weft_reconciles_total',
  help: 'Reconciled keys, by queue and result (success, error).',
  labelNames: ['queue', 'result'],
  registers,
});

export const reconcileSeconds = new Histogram({
  name: 'weft_reconcile_seconds',
  help: 'Time to reconcile one key.',
  labelNames: ['queue'],
  buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
  registers,
});

export const leaderGauge = new Gauge({
  name: 'weft_leader',
  help: '1 while this replica holds the Lease.',
  labelNames: ['lease'],
  registers,
});

export const eventsSent = new Counter({
  name: 'weft_kube_events_total',
  help: 'Events by what became of them: created, repeated (counted up), limited, dropped, failed.',
  labelNames: ['result'],
  registers,
});
