/** What the webhook counts. */

import { Counter, Histogram, registry } from '../base/metrics.ts';

export const reviews = new Counter({
  name: 'weft_admission_reviews_total',
  help: 'Admission reviews answered, by webhook and outcome.',
  labelNames: ['webhook', 'outcome'],
  registers: [registry],
});

export const reviewSeconds = new Histogram({
  name: 'weft_admission_review_seconds',
  help: 'Time from the whole request to the answer.',
  labelNames: ['webhook'],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5],
  registers: [registry],
});

export const badRequests = new Counter({
  name: 'weft_admission_bad_requests_total',
  help: 'Requests that were no admission reviews, by error code.',
  labelNames: ['code'],
  registers: [registry],
});
