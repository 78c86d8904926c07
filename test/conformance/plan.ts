/** From the command line and what the mesh publishes to the flags of the suite. Pure. */

import { parseArgs } from 'node:util';
import { allProfiles, type Profile } from './report.ts';

export interface Plan {
  readonly profiles: readonly Profile[];
  /** Only these tests; empty: all of the profiles' features. */
  readonly tests: readonly string[];
  /** Instead of what the mesh publishes; `all` for everything that the suite knows. */
  readonly features: readonly string[];
  /** Leave the cluster, and in it what the last test made. */
  readonly keep: boolean;
  /** A cluster that runs already, which stays. */
  readonly cluster: string | undefined;
  /** Replace the report in docs/conformance by that of this run, where it is complete. */
  readonly replacesReport: boolean;
}

export const usage = `Usage: npm run conformance -- [--profile P ...] [--run-test NAME ...] [--keep] [--cluster NAME] [--features F,...]

  --profile    one of ${allProfiles.join(', ')}; all of them where none is given
  --run-test   only this test, whether its features are published or not; may be given several times
  --keep       leave the cluster, and what the tests made in it, to be looked at
  --cluster    use a cluster that runs already (npm run cluster -- up NAME), and leave it
  --no-report  leave the report in docs/conformance as it is
  --features   what to test instead of what GatewayClass and XMesh publish; "all" for everything`;

/** Throws one sentence on a command line that makes no sense; undefined where only help is wanted. */
export function parsePlan(argv: readonly string[]): Plan | undefined {
  const several = { type: 'string', multiple: true } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      profile: several,
      'run-test': several,
      features: { type: 'string' },
      cluster: { type: 'string' },
      keep: { type: 'boolean' },
      'no-report': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;
  return {
    profiles: values.profile === undefined ? allProfiles : values.profile.map(knownProfile),
    tests: values['run-test'] ?? [],
    features: values.features?.split(',') ?? [],
    keep: values.keep ?? false,
    cluster: values.cluster,
    replacesReport: values['no-report'] !== true,
  };
}

function knownProfile(name: string): Profile {
  const known = allProfiles.find((profile) => profile === name.toUpperCase());
  if (known === undefined) throw new Error(`no such profile: ${name}; there are ${allProfiles.join(', ')}`);
  return known;
}

/** A run whose report says all there is to say. */
export function isComplete(plan: Plan): boolean {
  return plan.profiles.length === allProfiles.length && plan.tests.length === 0 && plan.features.length === 0;
}

export function usesMesh(plan: Plan): boolean {
  return plan.profiles.some((profile) => profile.startsWith('MESH-'));
}

export function usesGateways(plan: Plan): boolean {
  return plan.profiles.some((profile) => profile.startsWith('GATEWAY-'));
}

export interface Surroundings {
  readonly gatewayClass: string;
  readonly mesh: string | undefined;
  readonly published: { readonly gateway: readonly string[]; readonly mesh: readonly string[] };
  readonly namespaceLabel: string;
  readonly usableAddress: string;
  readonly unusableAddress: string;
  readonly reportPath: string;
  readonly version: string;
}

/** The arguments of the suite's test binary. */
export function suiteArguments(plan: Plan, about: Surroundings): readonly string[] {
  const only = plan.tests.length > 1 ? `/^(${plan.tests.join('|')})$` : '';
  return [
    '-test.v=test2json',
    `-test.run=^TestConformance$${only}`,
    '-test.timeout=90m',
    `--gateway-class=${about.gatewayClass}`,
    `--conformance-profiles=${plan.profiles.join(',')}`,
    ...featureArguments(plan, about),
    ...(plan.tests.length === 1 ? [`--run-test=${plan.tests[0]}`] : []),
    ...(usesMesh(plan) ? [`--namespace-labels=${about.namespaceLabel}`] : []),
    ...(plan.keep ? ['--cleanup-base-resources=false', '--cleanup-test-resources=false'] : []),
    `--usable-address=${about.usableAddress}`,
    `--unusable-address=${about.unusableAddress}`,
    `--report-output=${about.reportPath}`,
    '--organization=weft',
    '--project=weft',
    '--url=https://weft.dev',
    `--version=${about.version}`,
    '--contact=https://weft.dev',
  ];
}

/** All profiles at once: the suite reads the features itself. Some: only the features that concern them. */
function featureArguments(plan: Plan, about: Surroundings): readonly string[] {
  if (plan.features.includes('all') || plan.tests.length > 1) return ['--all-features'];
  if (plan.features.length > 0) return [`--supported-features=${plan.features.join(',')}`];
  if (plan.tests.length === 1) return [];
  if (isComplete(plan)) return about.mesh === undefined ? [] : [`--mesh-name=${about.mesh}`];
  const features = featuresOf(plan.profiles, about.published);
  return features.length === 0 ? [] : [`--supported-features=${features.join(',')}`];
}

/** Of the published features those that the profiles are about: none of a route kind that no profile is for. */
export function featuresOf(
  profiles: readonly Profile[],
  published: Surroundings['published'],
): readonly string[] {
  const features = new Set<string>();
  for (const profile of profiles) {
    const [side, kind] = profile.split('-');
    const ofSide = side === 'MESH' ? published.mesh : published.gateway;
    for (const feature of ofSide) {
      const route = /^(?:Mesh)?(HTTP|GRPC|TLS|TCP|UDP)Route/.exec(feature);
      if (route === null || route[1] === kind) features.add(feature);
    }
  }
  return [...features].sort();
}
