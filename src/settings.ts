/** Flags of the control plane -> one validated, frozen Settings. The chart passes all of them; see docs/settings.md. */

import { parseArgs } from 'node:util';
import { defineErrors, WeftError } from './base/errors.ts';
import { storeDefaults } from './telemetry/store.ts';
import { apiPort, debugPort, metricsPort, webhookPort, xdsPort } from './base/names.ts';

export const settingsErrors = defineErrors({
  'WEFT-SET-01': {
    title: 'A flag of the control plane is unknown or has an impossible value.',
    remedy: 'Run with --help to see every flag, its default and its range.',
  },
});

export interface Settings {
  readonly namespace: string;
  readonly podName: string;
  readonly serviceName: string;
  readonly serviceAccount: string;
  /** ClusterRole that owns the webhook objects, so that an uninstall removes them. */
  readonly owner: string;
  readonly proxyImage: string;
  readonly redirectImage: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly logLevel: string;
  readonly gateways: 'enabled' | 'disabled';
  readonly identities: 'auto' | 'sds';
  readonly aggregatedApi: 'enabled' | 'disabled';
  /** Directory of the web page's files; empty: `ui` beside the program. */
  readonly uiDirectory: string;
  /** Path of a kubeconfig; empty inside a cluster. */
  readonly kubeconfig: string;
  readonly context: string;
  readonly bindAddress: string;
  readonly webhookPort: number;
  readonly xdsPort: number;
  readonly metricsPort: number;
  readonly apiPort: number;
  readonly debugPort: number;
  /** Series of traffic that are kept, and MiB for what they counted. */
  readonly telemetrySeries: number;
  readonly telemetryMemory: number;
}

interface Flag {
  readonly name: string;
  readonly field: keyof Settings;
  readonly default: string;
  readonly help: string;
  readonly pattern?: RegExp;
}

const port = /^([1-9]\d{0,4})$/;
const count = /^([1-9]\d{0,6})$/;
const dnsName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

export const flags: readonly Flag[] = [
  {
    name: 'namespace',
    field: 'namespace',
    default: 'weft-system',
    pattern: dnsName,
    help: 'namespace of the control plane',
  },
  {
    name: 'pod-name',
    field: 'podName',
    default: 'weft',
    pattern: dnsName,
    help: 'name of this pod; the identity in the Lease',
  },
  {
    name: 'service-name',
    field: 'serviceName',
    default: 'weft',
    pattern: dnsName,
    help: 'Service that proxies and the API server reach this process by',
  },
  {
    name: 'service-account',
    field: 'serviceAccount',
    default: 'weft',
    pattern: dnsName,
    help: 'service account of the control plane; part of its SPIFFE identity',
  },
  {
    name: 'owner',
    field: 'owner',
    default: 'weft',
    pattern: /^[\w:.-]{1,253}$/,
    help: 'ClusterRole that owns the webhook objects',
  },
  {
    name: 'proxy-image',
    field: 'proxyImage',
    default: 'envoyproxy/envoy:v1.40.0',
    help: 'default Envoy image of sidecars',
  },
  {
    name: 'redirect-image',
    field: 'redirectImage',
    default: 'weft/redirect:0.1.0',
    help: 'default image of the redirect init container',
  },
  {
    name: 'image-pull-policy',
    field: 'imagePullPolicy',
    default: 'IfNotPresent',
    pattern: /^(Always|IfNotPresent|Never)$/,
    help: 'pull policy of both',
  },
  {
    name: 'log-level',
    field: 'logLevel',
    default: 'info',
    pattern: /^(trace|debug|info|warn|error|fatal)$/,
    help: 'trace, debug, info, warn, error or fatal',
  },
  {
    name: 'gateways',
    field: 'gateways',
    default: 'enabled',
    pattern: /^(enabled|disabled)$/,
    help: 'whether Gateways of Gateway API are carried out: enabled or disabled',
  },
  {
    name: 'identities',
    field: 'identities',
    default: 'auto',
    pattern: /^(auto|sds)$/,
    help: 'who makes the identities of new pods: auto (kubelets where the cluster serves that) or sds (Weft)',
  },
  {
    name: 'aggregated-api',
    field: 'aggregatedApi',
    default: 'enabled',
    pattern: /^(enabled|disabled)$/,
    help: 'whether the API is offered through the API server of Kubernetes: enabled or disabled',
  },
  {
    name: 'ui-directory',
    field: 'uiDirectory',
    default: '',
    help: "directory of the web page's files; `ui` beside the program by default",
  },
  { name: 'kubeconfig', field: 'kubeconfig', default: '', help: 'path of a kubeconfig, outside a cluster' },
  { name: 'context', field: 'context', default: '', help: 'context of the kubeconfig' },
  {
    name: 'bind-address',
    field: 'bindAddress',
    default: '::',
    help: 'address of the webhook, xDS, API and metrics servers',
  },
  {
    name: 'webhook-port',
    field: 'webhookPort',
    default: String(webhookPort),
    pattern: port,
    help: 'port of the admission webhook',
  },
  {
    name: 'xds-port',
    field: 'xdsPort',
    default: String(xdsPort),
    pattern: port,
    help: 'port of the ADS server',
  },
  {
    name: 'metrics-port',
    field: 'metricsPort',
    default: String(metricsPort),
    pattern: port,
    help: 'port of /metrics, /healthz, /readyz',
  },
  {
    name: 'api-port',
    field: 'apiPort',
    default: String(apiPort),
    pattern: port,
    help: 'port of the API that people, programs and other replicas ask',
  },
  {
    name: 'debug-port',
    field: 'debugPort',
    default: String(debugPort),
    pattern: port,
    help: 'loopback port that the weft command reads through a port-forward',
  },
  {
    name: 'telemetry-series',
    field: 'telemetrySeries',
    default: String(storeDefaults.maxSeries),
    pattern: count,
    help: 'series of traffic that a replica keeps; what is beyond is counted together',
  },
  {
    name: 'telemetry-memory',
    field: 'telemetryMemory',
    default: String(storeDefaults.maxBytes / 1024 / 1024),
    pattern: count,
    help: 'MiB for what these series counted in the last hour; what is beyond is forgotten earlier',
  },
];

/** Throws WeftError WEFT-SET-01 naming the flag. */
export function parseSettings(argv: readonly string[]): Settings {
  const options = Object.fromEntries(
    flags.map((flag) => [flag.name, { type: 'string', default: flag.default } as const]),
  );
  const values = parseFlags(argv, options);
  const settings: Record<string, string | number> = {};
  for (const flag of flags) {
    const value = String(values[flag.name]);
    if (flag.pattern !== undefined && !flag.pattern.test(value)) {
      throw new WeftError('WEFT-SET-01', `${JSON.stringify(value)} is not a possible value (${flag.help}).`, {
        field: `--${flag.name}`,
      });
    }
    if (flag.pattern === port && Number(value) > 65535) {
      throw new WeftError('WEFT-SET-01', `${value} is not a port (1 to 65535).`, { field: `--${flag.name}` });
    }
    settings[flag.field] = flag.pattern === port || flag.pattern === count ? Number(value) : value;
  }
  return Object.freeze(settings) as unknown as Settings;
}

function parseFlags(
  argv: readonly string[],
  options: Record<string, { type: 'string'; default: string }>,
): Record<string, unknown> {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
  } catch (error) {
    throw new WeftError('WEFT-SET-01', `${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
}

export function settingsHelp(): string {
  const width = Math.max(...flags.map((flag) => flag.name.length));
  const lines = flags.map(
    (flag) =>
      `  --${flag.name.padEnd(width)}  ${flag.help}${flag.default === '' ? '' : ` (default ${flag.default})`}`,
  );
  return `The Weft control plane.\n\n${lines.join('\n')}\n`;
}
