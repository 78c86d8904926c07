/** What one Envoy says of itself, as tables: rows are picked out of the answers of its admin interface. */

import { isObject } from '../base/json.ts';
import { type Column, formatTable } from './output.ts';

export const proxyViews = ['clusters', 'listeners', 'routes', 'endpoints', 'certs', 'stats'] as const;
export type ProxyView = (typeof proxyViews)[number];

type Row = Readonly<Record<string, string | number>>;

/** Titles in order, and the rows of an answer. */
interface Table {
  readonly titles: readonly string[];
  readonly rows: (answer: unknown) => readonly Row[];
}

export function proxyTable(view: ProxyView, answer: unknown): string {
  const { titles, rows } = tables[view];
  const found = rows(answer);
  if (found.length === 0) return `The proxy tells of no ${view}.`;
  return formatTable(
    titles.map(
      (title): Column<Row> => ({
        title,
        value: (row) => row[title] ?? '',
        ...(found.every((row) => typeof row[title] === 'number') ? { align: 'right' } : {}),
      }),
    ),
    found,
  );
}

/** By the shapes of envoy/admin/v3: Clusters, Listeners, ConfigDump, Certificates; stats as `/stats?format=json`. */
const tables: Readonly<Record<ProxyView, Table>> = {
  clusters: {
    titles: ['CLUSTER', 'ENDPOINTS', 'HEALTHY', 'CONNECTIONS', 'REQUESTS', 'FAILED'],
    rows: (answer) =>
      list(answer, 'cluster_statuses').map((cluster) => {
        const hosts = list(cluster, 'host_statuses');
        const total = (name: string): number =>
          hosts.reduce<number>((sum, host) => sum + statOf(host, name), 0);
        return {
          CLUSTER: text(cluster, 'name'),
          ENDPOINTS: hosts.length,
          HEALTHY: hosts.filter((host) => text(host, 'health_status', 'eds_health_status') !== 'UNHEALTHY')
            .length,
          CONNECTIONS: total('cx_active'),
          REQUESTS: total('rq_total'),
          FAILED: total('rq_error'),
        };
      }),
  },
  listeners: {
    titles: ['LISTENER', 'ADDRESS'],
    rows: (answer) =>
      list(answer, 'listener_statuses').map((listener) => ({
        LISTENER: text(listener, 'name'),
        ADDRESS: addressOf(at(listener, 'local_address')),
      })),
  },
  routes: {
    titles: ['ROUTES', 'HOSTS', 'RULES', 'UPDATED', 'VERSION'],
    rows: (answer) =>
      list(answer, 'configs').map((entry) => {
        const config = at(entry, 'route_config');
        const hosts = list(config, 'virtual_hosts');
        return {
          ROUTES: text(config, 'name'),
          HOSTS: hosts.reduce<number>((sum, host) => sum + list(host, 'domains').length, 0),
          RULES: hosts.reduce<number>((sum, host) => sum + list(host, 'routes').length, 0),
          UPDATED: text(entry, 'last_updated'),
          VERSION: text(entry, 'version_info'),
        };
      }),
  },
  endpoints: {
    titles: ['CLUSTER', 'ENDPOINT', 'HEALTH', 'ZONE', 'WEIGHT'],
    rows: (answer) =>
      list(answer, 'configs').flatMap((entry) => {
        const config = at(entry, 'endpoint_config');
        return list(config, 'endpoints').flatMap((group) =>
          list(group, 'lb_endpoints').map((endpoint) => ({
            CLUSTER: text(config, 'cluster_name'),
            ENDPOINT: addressOf(at(endpoint, 'endpoint', 'address')),
            HEALTH: text(endpoint, 'health_status') || 'HEALTHY',
            ZONE: text(group, 'locality', 'zone'),
            WEIGHT: text(endpoint, 'load_balancing_weight') || '1',
          })),
        );
      }),
  },
  certs: {
    titles: ['KIND', 'NAMES', 'SERIAL', 'DAYS LEFT', 'EXPIRES'],
    rows: (answer) =>
      list(answer, 'certificates').flatMap((certificate) => [
        ...list(certificate, 'ca_cert').map((one) => certificateRow('authority', one)),
        ...list(certificate, 'cert_chain').map((one) => certificateRow('own', one)),
      ]),
  },
  stats: {
    titles: ['STATISTIC', 'VALUE'],
    rows: (answer) =>
      list(answer, 'stats').flatMap((stat) => {
        const value = at(stat, 'value');
        if (typeof value !== 'number' && typeof value !== 'string') return [];
        return [{ STATISTIC: text(stat, 'name'), VALUE: value }];
      }),
  },
};

function certificateRow(kind: string, certificate: unknown): Row {
  const names = list(certificate, 'subject_alt_names').map((name) => text(name, 'uri') || text(name, 'dns'));
  return {
    KIND: kind,
    NAMES: names.join(','),
    SERIAL: text(certificate, 'serial_number'),
    'DAYS LEFT': text(certificate, 'days_until_expiration'),
    EXPIRES: text(certificate, 'expiration_time'),
  };
}

function addressOf(address: unknown): string {
  const host = text(address, 'socket_address', 'address');
  if (host === '')
    return text(address, 'pipe', 'path') || text(address, 'envoy_internal_address', 'server_listener_name');
  return `${host.includes(':') ? `[${host}]` : host}:${text(address, 'socket_address', 'port_value')}`;
}

function statOf(host: unknown, name: string): number {
  const stat = list(host, 'stats').find((one) => text(one, 'name') === name);
  return Number(text(stat, 'value') || 0);
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value);
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = at(value, name);
  return Array.isArray(found) ? found : [];
}

function text(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}
