/** What the API counts. Labels are bounded: names of resources and HTTP status codes. */

import { Counter, Histogram, registry } from '../base/metrics.ts';

const registers = [registry];

export const apiRequests = new Counter({
  name: 'weft_api_requests_total',
  help: 'Questions to the API by resource and HTTP status; "peer" for those of other replicas.',
  labelNames: ['resource', 'code'],
  registers,
});

export const apiRequestSeconds = new Histogram({
  name: 'weft_api_request_seconds',
  help: 'Time to answer a question to the API; of streams, for as long as they lasted.',
  labelNames: ['resource'],
  buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
  registers,
});

export const peerQuestions = new Counter({
  name: 'weft_api_peer_questions_total',
  help: 'Questions to other replicas of the control plane, by result: answered, failed.',
  labelNames: ['result'],
  registers,
});
