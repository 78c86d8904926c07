import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Line, Report } from '../sample/lib/tally.ts';
import {
  findFaults,
  findPlain,
  formatPercent,
  mergeRows,
  readOutbound,
  readPlainInbound,
  type ShopPod,
  sharesOf,
} from './figures.ts';

function line(service: string, version: string, calls: number, success = 1): Line {
  const failed = success < 1 ? { lastError: 'no answer' } : {};
  return { service, version, calls, success, perSecond: calls / 5, p50Ms: 1, p99Ms: 2, ...failed };
}

function report(...lines: readonly Line[]): Report {
  return { windowSeconds: 5, lines, totals: {} };
}

/** A pod, and what its proxy says of connections to others: `[service, established, mutualTLS]`. */
function pod(service: string, version: string, ...calls: readonly [string, number, number][]): ShopPod {
  const outbound = new Map(
    calls.map(([name, established, mutualTLS]) => [name, { established, mutualTLS }] as const),
  );
  return { name: `${service}-${version}`, service, version, outbound, plainInbound: 0 };
}

test('connections to the Services of the shop count, those that failed do not', () => {
  const exposition = [
    '# TYPE envoy_cluster_upstream_cx_total counter',
    'envoy_cluster_upstream_cx_total{envoy_cluster_name="svc/shop/catalog-v1_80"} 7',
    'envoy_cluster_upstream_cx_connect_fail{envoy_cluster_name="svc/shop/catalog-v1_80"} 2',
    'envoy_cluster_ssl_handshake{envoy_cluster_name="svc/shop/catalog-v1_80"} 5',
    'envoy_cluster_upstream_cx_active{envoy_cluster_name="svc/shop/catalog-v1_80"} 3',
    'envoy_cluster_upstream_cx_total{envoy_cluster_name="svc/other/web_80"} 9',
    'envoy_cluster_upstream_cx_total{envoy_cluster_name="xds"} 1',
  ].join('\n');
  assert.deepEqual([...readOutbound(exposition)], [['catalog-v1', { established: 5, mutualTLS: 5 }]]);
});

test('a version nobody calls yet has a row, the load generator has none', () => {
  const rows = mergeRows(report(line('catalog', 'v1', 100)), [
    pod('catalog', 'v2'),
    pod('catalog', 'v1'),
    pod('load', 'v1'),
  ]);
  assert.deepEqual(
    rows.map(({ service, version, calls, pods }) => [service, version, calls, pods]),
    [
      ['catalog', 'v1', 100, 1],
      ['catalog', 'v2', 0, 1],
    ],
  );
});

test('connections of all callers are added up, for a Service of one version and for one that is not split', () => {
  const rows = mergeRows(report(line('catalog', 'v1', 10), line('prices', 'v1', 10)), [
    pod('catalog', 'v1'),
    pod('prices', 'v1'),
    pod('web', 'v1', ['catalog-v1', 3, 3], ['prices', 2, 2]),
    pod('load', 'v1', ['catalog-v1', 2, 1]),
  ]);
  assert.deepEqual(
    rows.map(({ service, connections }) => [service, connections.established, connections.mutualTLS]),
    [
      ['catalog', 5, 4],
      ['prices', 2, 2],
      ['web', 0, 0],
    ],
  );
});

test('shares are those of the answers', () => {
  const rows = mergeRows(
    report(line('catalog', '-', 10, 0), line('catalog', 'v1', 30), line('catalog', 'v2', 10)),
    [],
  );
  assert.deepEqual(
    [...sharesOf('catalog', rows)],
    [
      ['v1', 0.75],
      ['v2', 0.25],
    ],
  );
});

test('a split within what chance allows is right, one beyond it is not', () => {
  const at = (v1: number, v2: number): readonly string[] =>
    findFaults(mergeRows(report(line('catalog', 'v1', v1), line('catalog', 'v2', v2)), []), 50);
  assert.deepEqual(at(55, 45), []);
  assert.match(at(80, 20)[0] ?? '', /v2 gave 20 % of 100 answers instead of 50 %/);
});

test('at 0 and 100 percent a single wrong answer is a fault', () => {
  const rows = mergeRows(report(line('catalog', 'v1', 99), line('catalog', 'v2', 1)), []);
  assert.equal(findFaults(rows, 0).length, 1);
  assert.equal(findFaults(rows, 100).length, 1);
});

test('failed calls are faults, with the reason', () => {
  const rows = mergeRows(report(line('catalog', 'v1', 100), line('web', '-', 3, 0)), []);
  assert.deepEqual(findFaults(rows, 0), ['web: 3 of 3 calls failed, the last one with: no answer']);
});

test('no calls at all are not a success', () => {
  assert.deepEqual(findFaults([], 0), ['catalog: no calls at all']);
});

test('a version that is called without mutual TLS is told, one that nobody calls is not', () => {
  const called = ['ledger', 'web', 'ticker', 'greeter'].map((service) => line(service, 'v1', 10));
  const rows = mergeRows(report(...called), [
    pod('load', 'v1', ['ledger', 5, 0], ['web', 5, 5], ['ticker', 100, 97]),
    pod('catalog', 'v2'),
  ]);
  assert.deepEqual(findPlain(rows), [
    'greeter v1: 0 of 0 connections are mutual TLS',
    'ledger v1: 0 of 5 connections are mutual TLS',
  ]);
});

test('what a proxy took without mutual TLS is told, whoever called', () => {
  const exposition = [
    'envoy_http_downstream_cx_total{envoy_http_conn_manager_prefix="inbound-plain"} 2',
    'envoy_http_downstream_cx_total{envoy_http_conn_manager_prefix="inbound-mesh"} 9',
    'envoy_tcp_downstream_cx_total{envoy_tcp_prefix="inbound-plain"} 1',
    'envoy_http_downstream_cx_active{envoy_http_conn_manager_prefix="inbound-plain"} 4',
  ].join('\n');
  const plainInbound = readPlainInbound(exposition);
  const rows = mergeRows(report(line('web', 'v1', 10)), [
    { ...pod('web', 'v1'), plainInbound },
    pod('load', 'v1', ['web', 5, 5]),
  ]);
  assert.deepEqual(findPlain(rows), ['web v1: 3 connections came in without mutual TLS']);
});

test('almost everything does not read as everything', () => {
  assert.equal(formatPercent(0.9997), '99.9 %');
  assert.equal(formatPercent(1), '100 %');
  assert.equal(formatPercent(0.5), '50 %');
});
