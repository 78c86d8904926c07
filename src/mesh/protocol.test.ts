import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocolOf, protocolOfNumber } from './protocol.ts';

const byAppProtocol = {
  http: 'http',
  HTTP: 'http',
  https: 'tcp',
  tls: 'tcp',
  tcp: 'tcp',
  grpc: 'grpc',
  'grpc-web': 'http',
  http2: 'http2',
  'kubernetes.io/h2c': 'http2',
  'kubernetes.io/ws': 'http',
  'kubernetes.io/wss': 'tcp',
  redis: 'tcp',
} as const;

const byName = {
  http: 'http',
  'http-admin': 'http',
  http2: 'http2',
  'http2-api': 'http2',
  grpc: 'grpc',
  'grpc-api': 'grpc',
  'grpc-web': 'http',
  'grpc-web-ui': 'http',
  'grpc-website': 'grpc',
  https: 'tcp',
  'tcp-raw': 'tcp',
  'mongo-main': 'tcp',
  web: 'detect',
  httpserver: 'detect',
  'my-http': 'detect',
  '': 'detect',
  constructor: 'detect',
} as const;

test('appProtocol decides over name and number', () => {
  for (const [appProtocol, expected] of Object.entries(byAppProtocol)) {
    assert.equal(protocolOf({ name: 'mysql', port: 3306, appProtocol }), expected, appProtocol);
  }
});

test('without appProtocol the first part of the name decides, over the number', () => {
  for (const [name, expected] of Object.entries(byName)) {
    assert.equal(protocolOf({ name, port: 8080 }), expected, name);
  }
  assert.equal(protocolOf({ name: 'http', port: 3306 }), 'http');
});

test('an appProtocol that nobody here knows leaves it to the name', () => {
  assert.equal(protocolOf({ name: 'http', port: 80, appProtocol: 'example.com/own' }), 'http');
  assert.equal(protocolOf({ name: 'x', port: 80, appProtocol: 'example.com/own' }), 'detect');
});

test('well-known ports of servers that speak first are TCP, the rest is detected', () => {
  for (const port of [25, 587, 3306, 5432, 6379, 4222]) assert.equal(protocolOf({ name: '', port }), 'tcp');
  for (const port of [80, 443, 3000, 8080]) assert.equal(protocolOfNumber(port), 'detect');
});
