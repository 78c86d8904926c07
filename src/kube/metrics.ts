/** What kube/ counts. Labels are few and bounded: verbs, status codes, names of kinds. */

import { Counter, Gauge, registry } from '../base/metrics.ts';

const registers = [registry];

export const requests = new Counter({
  name: 'weft_kube_requests_total',
  help: 'Requests to the Kubernetes API by verb and HTTP status; status "none" where there was no response.',
  labelNames: ['verb', 'status'],
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
