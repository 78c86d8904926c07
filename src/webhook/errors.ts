/** What can be wrong with a request to the webhook itself, before any object is looked at. */

import { defineErrors } from '../base/errors.ts';

export const webhookErrors = defineErrors({
  'WEFT-HOOK-01': {
    title: 'A request to the webhook is not JSON.',
    remedy: 'Send an AdmissionReview with Content-Type application/json.',
  },
  'WEFT-HOOK-02': {
    title:
      'The body of a request to the webhook is not an AdmissionReview of admission.k8s.io/v1 with a request.',
    remedy: 'Let the API server call the webhook; its configuration must list admissionReviewVersions v1.',
  },
  'WEFT-HOOK-03': {
    title: 'The body of a request to the webhook is larger than any AdmissionReview the API server sends.',
    remedy: 'Make the object smaller.',
  },
  'WEFT-HOOK-04': {
    title: 'The webhook has no such path or does not take this method there.',
    remedy: 'POST /inject, POST /validate and GET /healthz are served.',
  },
  'WEFT-HOOK-05': {
    title: 'The webhook failed on a request by a fault of its own.',
    remedy:
      'Try again; if it persists, the log of the control plane has the cause under the same request uid.',
  },
});
