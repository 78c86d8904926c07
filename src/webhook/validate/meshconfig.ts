/** MeshConfig: address ranges, images, and what deleting it means. */

import { isIPv6 } from 'node:net';
import type { MeshConfig } from '../../base/api.ts';
import type { Check, Finding } from './policy.ts';
import { meshTelemetryChecks } from './telemetry.ts';

export const meshConfigChecks: readonly Check<MeshConfig>[] = [
  ...meshTelemetryChecks,
  // Every destination outside the cluster would be looked up and remembered, one by one.
  { outcome: 'refuse', find: ({ object }) => ranges(object, coversEverything) },
  { outcome: 'refuse', find: ({ object }) => ranges(object, hasHostBits) },
  { outcome: 'warn', find: ({ object }) => (object === undefined ? [] : floatingImages(object)) },
  { outcome: 'warn', find: ({ object }) => disabledEverywhere(object) },
  {
    outcome: 'warn',
    find: ({ object, old }) => (object === undefined && old !== undefined ? deleted(old) : []),
  },
];

const defaultTrustDomain = 'cluster.local';

function ranges(
  object: MeshConfig | undefined,
  find: (address: string, prefix: number) => Omit<Finding, 'field'> | undefined,
): Finding[] {
  return (object?.spec.outbound?.meshCIDRs ?? []).flatMap((cidr, index) => {
    const [address = '', prefix = ''] = cidr.split('/');
    const finding = find(address, Number(prefix));
    return finding === undefined ? [] : [{ ...finding, field: `spec.outbound.meshCIDRs[${index}]` }];
  });
}

function coversEverything(address: string, prefix: number): Omit<Finding, 'field'> | undefined {
  if (prefix !== 0) return undefined;
  return { code: 'WEFT-VAL-02', message: `${address}/0 is every address.` };
}

function hasHostBits(address: string, prefix: number): Omit<Finding, 'field'> | undefined {
  const bits = isIPv6(address) ? 128 : 32;
  const hostBits = BigInt(bits - prefix);
  const value = addressValue(address);
  if ((value >> hostBits) << hostBits === value) return undefined;
  return {
    code: 'WEFT-VAL-01',
    message: `${address} is inside the range of /${prefix}, not its first address.`,
  };
}

/** An address the schema has already accepted, as a number. */
function addressValue(address: string): bigint {
  if (!isIPv6(address)) return address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  // The URL parser writes every form of an IPv6 address the same way, without dotted parts.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const first = groups(head);
  const last = groups(tail ?? '');
  const middle = Array.from({ length: tail === undefined ? 0 : 8 - first.length - last.length }, () => '0');
  return [...first, ...middle, ...last].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function floatingImages(object: MeshConfig): Finding[] {
  return (['image', 'redirectImage'] as const).flatMap((name) => {
    const image = object.spec.proxy?.[name];
    if (image === undefined || isFixed(image)) return [];
    return [{ code: 'WEFT-VAL-04', message: `${image} has no fixed version.`, field: `spec.proxy.${name}` }];
  });
}

function isFixed(image: string): boolean {
  const name = image.slice(image.lastIndexOf('/') + 1);
  return name.includes('@') || (name.includes(':') && !name.endsWith(':latest'));
}

function disabledEverywhere(object: MeshConfig | undefined): Finding[] {
  if (object?.spec.mtls?.mode !== 'Disabled') return [];
  return [{ code: 'WEFT-VAL-05', message: 'No workload will use mutual TLS.', field: 'spec.mtls.mode' }];
}

function deleted(old: MeshConfig): Finding[] {
  const { trustDomain } = old.spec;
  if (trustDomain === undefined || trustDomain === defaultTrustDomain) return [];
  const message = `The trust domain falls back from ${trustDomain} to ${defaultTrustDomain}.`;
  return [{ code: 'WEFT-VAL-03', message, field: 'spec.trustDomain' }];
}
