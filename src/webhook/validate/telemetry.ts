/** TelemetryPolicy, and the same words in MeshConfig: formats of access logs that Envoy would not take. */

import type { MeshConfig, TelemetryPolicy } from '../../base/api.ts';
import { formatProblem } from '../../base/log-format.ts';
import { attachmentChecks } from './attachment.ts';
import type { Check, Finding } from './policy.ts';

export const telemetryPolicyChecks: readonly Check<TelemetryPolicy>[] = [
  ...attachmentChecks,
  { outcome: 'refuse', find: ({ object }) => badFormats(object?.spec.accessLog, 'spec.accessLog') },
  { outcome: 'warn', find: ({ object }) => nothingSampled(object?.spec, 'spec') },
];

export const meshTelemetryChecks: readonly Check<MeshConfig>[] = [
  {
    outcome: 'refuse',
    find: ({ object }) => badFormats(object?.spec.telemetry?.accessLog, 'spec.telemetry.accessLog'),
  },
  { outcome: 'warn', find: ({ object }) => nothingSampled(object?.spec.telemetry, 'spec.telemetry') },
];

type AccessLog = TelemetryPolicy['spec']['accessLog'];

function badFormats(accessLog: AccessLog, field: string): Finding[] {
  const { json = [], text } = accessLog?.format ?? {};
  const formats = [
    ...json.map(({ value }, index) => [value, `${field}.format.json[${index}].value`] as const),
    ...(text === undefined ? [] : [[text, `${field}.format.text`] as const]),
  ];
  return formats.flatMap(([format, where]) => {
    const problem = formatProblem(format);
    return problem === undefined ? [] : [{ code: 'WEFT-VAL-30', message: `${problem}.`, field: where }];
  });
}

type Telling = Pick<TelemetryPolicy['spec'], 'accessLog'>;

function nothingSampled(spec: Telling | undefined, field: string): Finding[] {
  if (spec?.accessLog?.mode !== 'On' || spec.accessLog.filter?.samplingPercent !== 0) return [];
  const where = `${field}.accessLog.filter.samplingPercent`;
  return [{ code: 'WEFT-VAL-31', message: 'A share of 0 logs no request.', field: where }];
}
