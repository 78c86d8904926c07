/** The real Envoy on loopback, configured by an xDS server over mutual TLS, watched through its admin interface. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBinary } from '../../dev/cluster/binaries.ts';
import { regexLimits } from '../../src/webhook/inject/bootstrap.ts';
import { statsMatcher } from '../../src/webhook/inject/bootstrap-stats.ts';
import { histogramBuckets, reporting } from '../../src/webhook/inject/bootstrap-telemetry.ts';
import type { TestAuthority, TestCertificate } from './pki.ts';

export interface EnvoyOptions {
  readonly xdsPort: number;
  readonly pki: TestAuthority;
  /** What it shows to the server: a certificate, or a token in its place. */
  readonly shows: TestCertificate | { readonly token: string };
  readonly id: string;
  readonly cluster: string;
  /** Whether it reports what it counts, every second, as a pod's own bootstrap has it every ten. */
  readonly reports?: boolean;
}

const timeoutMs = 20_000;

export class EnvoyUnderTest {
  readonly #process: ChildProcess;
  readonly #directory: string;
  #adminPort = 0;
  #log = '';

  private constructor(child: ChildProcess, directory: string) {
    this.#process = child;
    this.#directory = directory;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#log += chunk.toString();
    });
  }

  /** Resolves when its admin interface answers; it may still wait for its configuration. */
  static async start(options: EnvoyOptions): Promise<EnvoyUnderTest> {
    const directory = mkdtempSync(join(tmpdir(), 'weft-test-envoy-'));
    const adminFile = join(directory, 'admin');
    const argv = ['--config-yaml', JSON.stringify(bootstrap(options)), '--admin-address-path', adminFile];
    const flags = [
      '--use-dynamic-base-id',
      '--concurrency',
      '1',
      '-l',
      process.env['ENVOY_LOG'] ?? 'warning',
    ];
    const child = spawn(await ensureBinary('envoy'), [...argv, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const envoy = new EnvoyUnderTest(child, directory);
    await envoy.until('admin is up', () => {
      try {
        envoy.#adminPort = Number(readFileSync(adminFile, 'utf8').split(':')[1]);
      } catch {
        return Promise.resolve(false);
      }
      return Promise.resolve(envoy.#adminPort > 0);
    });
    return envoy;
  }

  get log(): string {
    return this.#log;
  }

  async admin(path: string, method = 'GET'): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#adminPort}${path}`, { method });
    return response.text();
  }

  get adminPort(): number {
    return this.#adminPort;
  }

  async ready(): Promise<boolean> {
    return (await this.admin('/ready')).trim() === 'LIVE';
  }

  async stat(name: string): Promise<number> {
    const text = await this.admin(`/stats?filter=^${name.replaceAll('.', '\\.')}$`);
    return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
  }

  /** Version by name of what is active of a type, e.g. `dynamic_active_clusters`. */
  async active(list: 'dynamic_active_clusters' | 'dynamic_listeners'): Promise<ReadonlyMap<string, string>> {
    const dump = JSON.parse(await this.admin(`/config_dump?resource=${list}`)) as {
      configs?: readonly ConfigEntry[];
    };
    const entries = (dump.configs ?? []).flatMap((entry) => {
      const active = entry.active_state ?? entry;
      const body = active.cluster ?? active.listener;
      return body === undefined ? [] : [[body.name, active.version_info ?? ''] as const];
    });
    return new Map(entries);
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await condition().catch(() => false))) {
      if (this.#process.exitCode !== null) throw new Error(`Envoy ended before ${what}:\n${this.#log}`);
      if (Date.now() > deadline)
        throw new Error(`${what}: not within ${timeoutMs} ms; Envoy said:\n${this.#log}`);
      await sleep(10);
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGKILL');
      await once(this.#process, 'exit');
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

interface ConfigEntry {
  readonly active_state?: ConfigEntry;
  readonly version_info?: string;
  readonly cluster?: { readonly name: string };
  readonly listener?: { readonly name: string };
}

function bootstrap({ xdsPort, pki, shows, id, cluster, reports = false }: EnvoyOptions): object {
  const token = 'token' in shows ? shows.token : undefined;
  const ads = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
  return {
    node: { id, cluster },
    ...(reports
      ? {
          ...reporting,
          stats_flush_interval: '1s',
          stats_config: { ...histogramBuckets, stats_matcher: statsMatcher },
        }
      : {}),
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    bootstrap_extensions: [
      {
        name: 'internal',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener',
        },
      },
    ],
    layered_runtime: {
      layers: [
        { name: 'static', static_layer: regexLimits },
        { name: 'admin', admin_layer: {} },
      ],
    },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: {
      secrets:
        token === undefined ? [] : [{ name: 'token', generic_secret: { secret: { inline_string: token } } }],
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          connect_timeout: '2s',
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(xdsPort) } }] }],
          },
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: {
                http2_protocol_options: { connection_keepalive: { interval: '1s', timeout: '5s' } },
              },
              ...(token === undefined ? {} : { http_filters: tokenFilters }),
            },
          },
          transport_socket: {
            name: 'tls',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
              sni: 'localhost',
              common_tls_context: {
                tls_params: {
                  tls_minimum_protocol_version: 'TLSv1_3',
                  tls_maximum_protocol_version: 'TLSv1_3',
                },
                tls_certificates:
                  'token' in shows
                    ? []
                    : [
                        {
                          certificate_chain: { filename: shows.certFile },
                          private_key: { filename: shows.keyFile },
                        },
                      ],
                validation_context: { trusted_ca: { filename: pki.caFile } },
              },
            },
          },
        },
      ],
    },
  };
}

/** As a pod's own bootstrap has them, but for where the token comes from. */
const tokenFilters = [
  {
    name: 'envoy.filters.http.credential_injector',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector',
      overwrite: true,
      credential: {
        name: 'envoy.http.injected_credentials.generic',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic',
          header: 'authorization',
          header_value_prefix: 'Bearer ',
          credential: { name: 'token' },
        },
      },
    },
  },
  {
    name: 'envoy.filters.http.upstream_codec',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec',
    },
  },
];

export function loopback(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
