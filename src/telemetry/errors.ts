/** The coded errors of telemetry. */

import { defineErrors, WeftError } from '../base/errors.ts';

export const telemetryErrors = defineErrors({
  'WEFT-TEL-01': {
    title: 'A report of a proxy cannot be read.',
    remedy: 'Look at what runs as the proxy of the pod that the log names; it must be an unmodified Envoy.',
  },
  'WEFT-TEL-02': {
    title: 'A report comes from somebody who is no workload of the mesh.',
    remedy: 'Look at the pod that the message names: it must exist and have a proxy of the mesh.',
  },
  'WEFT-TEL-03': {
    title: 'The answer to this question would be too large.',
    remedy: 'Ask for a shorter time, a longer step, fewer dimensions, or one namespace.',
  },
  'WEFT-TEL-04': {
    title: 'A question about traffic cannot be answered as it stands.',
    remedy: 'Ask for a time within what is kept, in whole steps.',
  },
  'WEFT-TEL-05': {
    title: 'A collector does not take the golden metrics of the mesh.',
    remedy:
      'Look at the address in MeshConfig and at the log of the collector; the next attempt is made by itself.',
  },
  'WEFT-TEL-06': {
    title: 'Data points of a report cannot be true.',
    remedy:
      'Look at what runs as the proxy of the workload that the log names, and at the clock of its node where the reason is `time`.',
  },
});

export type TelemetryErrorCode = keyof typeof telemetryErrors;

export function telemetryError(
  code: TelemetryErrorCode,
  detail: string,
  options: { cause?: unknown; field?: string } = {},
): WeftError {
  return new WeftError(code, detail, options);
}
