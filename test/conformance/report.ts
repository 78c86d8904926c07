/** The suite's own report: what of it is shown, and where a complete one is kept. */

import { parse } from 'yaml';

export const allProfiles = [
  'GATEWAY-HTTP',
  'GATEWAY-GRPC',
  'GATEWAY-TLS',
  'GATEWAY-TCP',
  'GATEWAY-UDP',
  'MESH-HTTP',
  'MESH-GRPC',
] as const;

export type Profile = (typeof allProfiles)[number];

/** As in the suite's `apis/v1`; what is not read here is left out. */
interface Report {
  readonly gatewayAPIVersion: string;
  readonly gatewayAPIChannel: string;
  readonly profiles?: readonly {
    readonly name: string;
    readonly core: Level;
    readonly extended?: Level & { readonly unsupportedFeatures?: readonly string[] };
  }[];
}

interface Level {
  readonly result: string;
  readonly statistics: { readonly Passed: number; readonly Skipped: number; readonly Failed: number };
  readonly failedTests?: readonly string[];
}

/** One line for each profile, then what is not supported of it and which tests failed. */
export function summarizeReport(text: string): string {
  const report = parse(text) as Report;
  const lines = [`Gateway API ${report.gatewayAPIVersion}, ${report.gatewayAPIChannel} channel`];
  for (const { name, core, extended } of report.profiles ?? []) {
    const levels = [
      `core ${counts(core)}`,
      ...(extended === undefined ? [] : [`extended ${counts(extended)}`]),
    ];
    lines.push(`${name.padEnd(13)} ${levels.join('   ')}`);
    const unsupported = extended?.unsupportedFeatures ?? [];
    if (unsupported.length > 0) lines.push(`  not supported: ${unsupported.join(', ')}`);
    const failed = [...(core.failedTests ?? []), ...(extended?.failedTests ?? [])];
    if (failed.length > 0) lines.push(`  failed: ${failed.join(', ')}`);
  }
  return lines.join('\n');
}

function counts({ result, statistics }: Level): string {
  const { Passed, Failed, Skipped } = statistics;
  return `${result} (${Passed} passed, ${Failed} failed, ${Skipped} skipped)`;
}

/** The name that Gateway API asks for: channel, version of the implementation, mode. */
export function reportFileName(version: string): string {
  return `experimental-${version}-default-report.yaml`;
}
