/** What proxies are to tell: TelemetryPolicies and the telemetry of MeshConfig. */

import type { Check, Problem } from '../check.ts';
import { type Input, knows } from '../input.ts';
import type { MeshConfigSubject, TelemetryPolicySubject } from '../subjects.ts';

type Sections = Pick<TelemetryPolicySubject['policy']['spec'], 'accessLog' | 'tracing'>;

export const telemetryPolicyChecks: readonly Check<TelemetryPolicySubject>[] = [
  { code: 'WEFT-ANL-87', severity: 'error', find: notInForce },
  { code: 'WEFT-ANL-88', severity: 'warning', find: holdsForNothing },
  { code: 'WEFT-ANL-89', severity: 'warning', find: ({ policy }) => secretsIn(policy.spec, 'spec') },
];

export const meshTelemetryChecks: readonly Check<MeshConfigSubject>[] = [
  {
    code: 'WEFT-ANL-89',
    severity: 'warning',
    find: ({ config }) => secretsIn(config.spec?.telemetry ?? {}, 'spec.telemetry'),
  },
  { code: 'WEFT-ANL-118', severity: 'warning', find: everythingTraced },
  { code: 'WEFT-ANL-119', severity: 'error', find: providerMissing },
];

const fixes: Readonly<Record<string, string>> = {
  Conflicted: 'Say everything in one policy, or name other workloads in this one.',
  TargetNotFound: 'Name what exists in the namespace of the policy.',
  Invalid: 'Name a provider of MeshConfig default, and write formats as docs/observability/logs.md says.',
};

function notInForce({ key, policy }: TelemetryPolicySubject, input: Input): readonly Problem[] {
  const accepted = input.read(input.mesh.telemetryVerdicts, key)?.accepted;
  if (accepted === undefined || accepted.status) return [];
  if (accepted.reason === 'TargetNotFound' && !knows(input, 'pods', policy.namespace)) return [];
  return [
    {
      path: accepted.reason === 'TargetNotFound' ? 'spec.targetRefs' : 'spec',
      message: `the policy does not hold: ${accepted.message}`,
      fix: fixes[accepted.reason] ?? 'Write it as docs/kinds says.',
    },
  ];
}

function holdsForNothing({ key, policy }: TelemetryPolicySubject, input: Input): readonly Problem[] {
  const verdict = input.read(input.mesh.telemetryVerdicts, key);
  if (verdict?.accepted.status !== true || verdict.workloads.length + verdict.routes.length > 0) return [];
  if (!knows(input, 'pods', policy.namespace)) return [];
  return [
    {
      path: policy.spec.selector === undefined ? 'spec' : 'spec.selector',
      message: `it holds for no workload: namespace ${policy.namespace} has no pod with a proxy that it means`,
      fix: 'Put the pods into the mesh with the label weft.dev/inject: enabled, or correct what the policy names.',
    },
  ];
}

const secretHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'x-api-key',
]);

/** Whoever reads logs and traces could go on in the name of whoever made the request. */
function secretsIn({ accessLog, tracing }: Sections, path: string): readonly Problem[] {
  const { json = [], text } = accessLog?.format ?? {};
  const formats = [
    ...json.map(({ value }, index) => ({ value, at: `${path}.accessLog.format.json[${index}].value` })),
    ...(text === undefined ? [] : [{ value: text, at: `${path}.accessLog.format.text` }]),
  ];
  const logged = formats.flatMap(({ value, at }) =>
    [...value.matchAll(/%(?:REQ|REQUEST_HEADER)\(([^)?]+)/gi)].map(([, header = '']) => ({ header, at })),
  );
  const tagged = (tracing?.customTags ?? []).map(({ requestHeader = '' }, index) => ({
    header: requestHeader,
    at: `${path}.tracing.customTags[${index}].requestHeader`,
  }));
  return [...logged, ...tagged]
    .filter(({ header }) => secretHeaders.has(header.toLowerCase()))
    .map(({ header, at }) => ({
      path: at,
      message: `the header ${header}, by which others could act in the name of the caller, is written for everybody who reads it`,
      fix: 'Leave it out; the identity of the caller is in the log without it.',
    }));
}

function everythingTraced({ key, config }: MeshConfigSubject): readonly Problem[] {
  const tracing = key === 'default' ? config.spec?.telemetry?.tracing : undefined;
  if (tracing?.mode !== 'On' || (tracing.samplingPercent ?? 0) < 100) return [];
  return [
    {
      path: 'spec.telemetry.tracing.samplingPercent',
      message:
        'every request of the mesh is traced, which costs proxies and whoever takes the traces as much as the requests',
      fix: 'Set 1 here; requests with forceHeader are traced in any case, and a TelemetryPolicy can say more for single workloads or routes.',
    },
  ];
}

function providerMissing({ key, config }: MeshConfigSubject, input: Input): readonly Problem[] {
  const telemetry = key === 'default' ? config.spec?.telemetry : undefined;
  const { providers = [], accessLog, tracing, metrics } = telemetry ?? {};
  const named = [
    { path: 'spec.telemetry.accessLog.provider', name: accessLog?.provider },
    { path: 'spec.telemetry.tracing.provider', name: tracing?.provider },
    { path: 'spec.telemetry.metrics.provider', name: metrics?.provider },
  ];
  const unknown = named.flatMap(({ path, name }): readonly Problem[] =>
    name === undefined || providers.some((provider) => provider.name === name)
      ? []
      : [
          {
            path,
            message: `there is no provider ${name}, so nothing is sent`,
            fix: `Add a provider named ${name} to spec.telemetry.providers, or name one that is there.`,
          },
        ],
  );
  const gone = providers.flatMap(({ name, service }, index): readonly Problem[] => {
    if (service === undefined || !knows(input, 'services', service.namespace)) return [];
    const port = `${service.namespace}/${service.name}:${service.port}`;
    if (input.read(input.mesh.servicePorts, port) !== undefined) return [];
    return [
      {
        path: `spec.telemetry.providers[${index}].service`,
        message: `there is no Service port ${port}, so nothing reaches provider ${name}`,
        fix: 'Create the Service, or correct its namespace, name and port.',
      },
    ];
  });
  return [...unknown, ...gone];
}
