import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Line, Report } from '../sample/lib/tally.ts';
import {
  findFaults,
  findPlain,
  formatPercent,
  mergeRows,
  readInbound,
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

function pod(service: string, version: string, connections: number, mutualTLS: number): ShopPod {
  return { name: `${service}-${version}`, service, version, inbound: { connections, mutualTLS } };
}

test('only the inbound listener of a proxy counts', () => {
  const exposition = [
    '# TYPE envoy_listener_downstream_cx_total counter',
    'envoy_listener_downstream_cx_total{envoy_listener_address="0.0.0.0_15021"} 99',
    'envoy_listener_downstream_cx_total{envoy_listener_address="[__]_15006"} 7',
    'envoy_listener_ssl_handshake{envoy_listener_address="[__]_15006"} 5',
    'envoy_listener_downstream_cx_active{envoy_listener_address="[__]_15006"} 3',
    'envoy_cluster_ssl_handshake{envoy_cluster_name="15006"} 11',
  ].join('\n');
  assert.deepEqual(readInbound(exposition), { connections: 7, mutualTLS: 5 });
});

test('a version nobody calls yet has a row, the load generator has none', () => {
  const rows = mergeRows(report(line('catalog', 'v1', 100)), [
    pod('catalog', 'v2', 0, 0),
    pod('catalog', 'v1', 4, 4),
    pod('load', 'v1', 0, 0),
  ]);
  assert.deepEqual(
    rows.map(({ service, version, calls, pods }) => [service, version, calls, pods]),
    [
      ['catalog', 'v1', 100, 1],
      ['catalog', 'v2', 0, 1],
    ],
  );
});

test('connections of all pods of a version are added up, silent proxies count nothing', () => {
  const [row] = mergeRows(report(line('prices', 'v1', 10)), [
    pod('prices', 'v1', 3, 3),
    { ...pod('prices', 'v1', 2, 1), name: 'other' },
    { name: 'new', service: 'prices', version: 'v1', inbound: undefined },
  ]);
  assert.deepEqual(row?.inbound, { connections: 5, mutualTLS: 4 });
  assert.equal(row?.pods, 3);
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

test('a version reached without mutual TLS, or by nobody, is told', () => {
  const rows = mergeRows(report(), [
    pod('ledger', 'v1', 5, 4),
    pod('web', 'v1', 5, 5),
    pod('greeter', 'v1', 0, 0),
  ]);
  assert.deepEqual(findPlain(rows), [
    'greeter v1: 0 of 0 connections are mutual TLS',
    'ledger v1: 4 of 5 connections are mutual TLS',
  ]);
});

test('almost everything does not read as everything', () => {
  assert.equal(formatPercent(0.9997), '99.9 %');
  assert.equal(formatPercent(1), '100 %');
  assert.equal(formatPercent(0.5), '50 %');
});
