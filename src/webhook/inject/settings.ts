/**
 * What a pod may say about its own proxy: annotations `proxy.weft.dev/<name>`, one row each. To add one, add a
 * row, use the field, and describe it in docs/pod.md (a test compares that page with this table).
 */

import { isIPv4, isIPv6 } from 'node:net';
import { WeftError } from '../../base/errors.ts';
import { settingPrefix } from '../../base/names.ts';
import type { ProxySettings } from '../../mesh/model.ts';
import { parseQuantity } from './quantity.ts';

/** The mesh's defaults with one pod's own wishes on top. */
export interface PodSettings extends ProxySettings {
  readonly excludeInboundPorts: readonly number[];
  readonly excludeOutboundPorts: readonly number[];
  readonly excludeOutboundCidrs: readonly string[];
}

interface Setting<Field extends keyof PodSettings = keyof PodSettings> {
  /** Annotation without its prefix. */
  readonly name: string;
  readonly field: Field;
  /** What a value looks like, for the error message. */
  readonly range: string;
  /** The value, or undefined where the text is not one. */
  parse(text: string): PodSettings[Field] | undefined;
}

export const podSettings: readonly Setting[] = [
  setting('cpu', 'cpuRequest', 'a quantity of CPU such as 100m', quantity),
  setting('memory', 'memoryRequest', 'a quantity of memory such as 128Mi', quantity),
  setting('cpu-limit', 'cpuLimit', 'a quantity of CPU such as 2', quantity),
  setting('memory-limit', 'memoryLimit', 'a quantity of memory such as 256Mi', quantity),
  setting('image', 'image', 'an image reference such as envoyproxy/envoy:v1.40.0', imageReference),
  setting('log-level', 'logLevel', 'trace, debug, info, warning, error, critical or off', logLevel),
  setting('concurrency', 'concurrency', 'a number of worker threads from 1 to 64', integer(1, 64)),
  setting('exclude-inbound-ports', 'excludeInboundPorts', 'ports, separated by commas', list(port)),
  setting('exclude-outbound-ports', 'excludeOutboundPorts', 'ports, separated by commas', list(port)),
  setting(
    'exclude-outbound-cidrs',
    'excludeOutboundCidrs',
    'IPv4 or IPv6 ranges, separated by commas',
    list(cidr),
  ),
  setting('drain-seconds', 'drainSeconds', 'seconds from 0 to 3600', integer(0, 3600)),
  setting('scrape', 'scrape', 'true or false', truth),
];

/** The mesh's defaults as the settings of a pod that has no wishes. */
export function defaultPodSettings(proxy: ProxySettings): PodSettings {
  return { ...proxy, excludeInboundPorts: [], excludeOutboundPorts: [], excludeOutboundCidrs: [] };
}

/**
 * The settings of one pod: `defaults` themselves where it has no wishes. Throws WeftError WEFT-POD-09 with the annotation's path where one is unknown, has an
 * impossible value, or a limit lies below its request.
 */
export function readPodSettings(
  annotations: Readonly<Record<string, string>>,
  defaults: PodSettings,
): PodSettings {
  const own: Partial<Record<keyof PodSettings, unknown>> = {};
  for (const [key, text] of Object.entries(annotations)) {
    if (!key.startsWith(settingPrefix)) continue;
    const row = podSettings.find((candidate) => settingPrefix + candidate.name === key);
    if (row === undefined) throw refused(key, 'There is no such setting.');
    const value = row.parse(text.trim());
    if (value === undefined) throw refused(key, `${JSON.stringify(text)} is not ${row.range}.`);
    own[row.field] = value;
  }
  const settings = Object.keys(own).length === 0 ? defaults : ({ ...defaults, ...own } as PodSettings);
  checkLimit('cpu-limit', settings.cpuLimit, settings.cpuRequest);
  checkLimit('memory-limit', settings.memoryLimit, settings.memoryRequest);
  return settings;
}

function checkLimit(name: string, limit: string | undefined, request: string): void {
  if (limit === undefined) return;
  if ((parseQuantity(limit) ?? 0) >= (parseQuantity(request) ?? 0)) return;
  throw refused(settingPrefix + name, `The limit ${limit} is less than the request ${request}.`);
}

function refused(annotation: string, message: string): WeftError {
  return new WeftError('WEFT-POD-09', message, { field: `metadata.annotations[${annotation}]` });
}

function setting<Field extends keyof PodSettings>(
  name: string,
  field: Field,
  range: string,
  parse: (text: string) => PodSettings[Field] | undefined,
): Setting<Field> {
  return { name, field, range, parse };
}

function quantity(text: string): string | undefined {
  const value = parseQuantity(text);
  return value !== undefined && value > 0 ? text : undefined;
}

function imageReference(text: string): string | undefined {
  return /^[\w][\w.:/@-]{0,511}$/.test(text) ? text : undefined;
}

const logLevels: readonly ProxySettings['logLevel'][] = [
  'trace',
  'debug',
  'info',
  'warning',
  'error',
  'critical',
  'off',
];

function logLevel(text: string): ProxySettings['logLevel'] | undefined {
  return logLevels.find((level) => level === text);
}

function truth(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

function integer(min: number, max: number): (text: string) => number | undefined {
  return (text) => {
    const value = Number(text);
    return /^\d{1,5}$/.test(text) && value >= min && value <= max ? value : undefined;
  };
}

function port(text: string): number | undefined {
  return integer(1, 65_535)(text);
}

function cidr(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  if (rest.length > 0 || !/^[0-9a-fA-F:.]+$/.test(address)) return undefined;
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : undefined;
  if (bits === undefined) return undefined;
  if (prefix === undefined) return `${address}/${bits}`;
  return integer(0, bits)(prefix) === undefined ? undefined : `${address}/${Number(prefix)}`;
}

/** Distinct elements in their first order; an empty text is an empty list. */
function list<T>(element: (text: string) => T | undefined): (text: string) => readonly T[] | undefined {
  return (text) => {
    if (text === '') return [];
    const values = text.split(',').map((part) => element(part.trim()));
    return values.includes(undefined) ? undefined : [...new Set(values as T[])];
  };
}
