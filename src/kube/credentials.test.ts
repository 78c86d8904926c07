import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import type { Connection } from './config.ts';
import { CredentialSource } from './credentials.ts';

let directory: string;
let clock: MovableClock;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-credentials-'));
  clock = new MovableClock();
});

afterEach(() => rm(directory, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

function source(
  user: Partial<Connection['user']>,
  cluster: Partial<Connection['cluster']> = {},
): CredentialSource {
  const connection: Connection = {
    cluster: { name: 'c', server: 'https://x.example', skipTLSVerify: false, ...cluster },
    user: { name: 'u', ...user },
    namespace: 'default',
  };
  return new CredentialSource(connection, clock);
}

const headersOf = async (credentials: CredentialSource) => (await credentials.current()).headers;

test('tokens, basic authentication and impersonation become headers', async () => {
  assert.deepEqual(await headersOf(source({ token: 'abc\n' })), { Authorization: 'Bearer abc' });
  assert.deepEqual(await headersOf(source({ username: 'a', password: 'b' })), {
    Authorization: 'Basic YTpi',
  });
  assert.deepEqual(await headersOf(source({ impersonateUser: 'bob' })), { 'Impersonate-User': 'bob' });
  assert.deepEqual(await headersOf(source({})), {});
});

test('the cluster and the certificates become TLS options, from data or from files', async () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const { tls } = await source(
    { certFile: await file('crt', 'CERT'), keyData: base64('KEY') },
    { caData: base64('CA'), tlsServerName: 'api', skipTLSVerify: true },
  ).current();
  assert.deepEqual([tls.ca, tls.cert, tls.key].map(String), ['CA', 'CERT', 'KEY']);
  assert.equal(tls.servername, 'api');
  assert.equal(tls.rejectUnauthorized, false);
  assert.ok(!('rejectUnauthorized' in (await source({}).current()).tls), 'verified unless told otherwise');
});

test('a token file is read again after a minute, and at once after a refusal', async () => {
  const tokenFile = await file('token', 'first\n');
  const credentials = source({ authProvider: { config: { tokenFile } } });
  assert.deepEqual(await headersOf(credentials), { Authorization: 'Bearer first' });
  await file('token', 'second');
  clock.advance(59_999);
  assert.deepEqual(await headersOf(credentials), { Authorization: 'Bearer first' });
  clock.advance(1);
  assert.deepEqual(await headersOf(credentials), { Authorization: 'Bearer second' });
  await file('token', 'third');
  credentials.invalidate();
  assert.deepEqual(await headersOf(credentials), { Authorization: 'Bearer third' });
});

test('a file that is gone for a moment leaves the last credentials in use', async () => {
  const tokenFile = await file('token', 'first');
  const credentials = source({ authProvider: { config: { tokenFile } } });
  await credentials.current();
  await rm(tokenFile);
  clock.advance(60_000);
  assert.deepEqual(await headersOf(credentials), { Authorization: 'Bearer first' });
  await assert.rejects(source({ authProvider: { config: { tokenFile } } }).current(), /ENOENT/);
});

test('TLS options stay one object until a certificate changes, so that connections can be kept', async () => {
  const certFile = await file('crt', 'one');
  const credentials = source({ certFile });
  const first = await credentials.current();
  clock.advance(60_000);
  const second = await credentials.current();
  assert.equal(second.tls, first.tls);
  await file('crt', 'two');
  clock.advance(60_000);
  const third = await credentials.current();
  assert.notEqual(third.tls, first.tls);
  assert.equal(String(third.tls.cert), 'two');
});

/** An exec plugin that answers with a token made of what it was given, counting its calls in a file. */
async function plugin(answer: string): Promise<Record<string, unknown>> {
  const script = `
    const { appendFileSync, readFileSync } = require('node:fs');
    const calls = ${JSON.stringify(join(directory, 'calls'))};
    appendFileSync(calls, 'x');
    const call = readFileSync(calls, 'utf8').length;
    const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
    ${answer}`;
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: [await file('plugin.cjs', script)],
    env: [{ name: 'EXTRA', value: 'extra' }],
    provideClusterInfo: true,
  };
}

test('an exec plugin gives token and certificate, and is told of the cluster', async () => {
  const exec = await plugin(`
    const token = [process.env.EXTRA, info.spec.cluster.server, info.apiVersion].join(' ');
    console.log(JSON.stringify({ status: { token, clientCertificateData: 'C', clientKeyData: 'K' } }));`);
  const { headers, tls } = await source({ exec }).current();
  assert.equal(headers.Authorization, 'Bearer extra https://x.example client.authentication.k8s.io/v1');
  assert.deepEqual([tls.cert, tls.key], ['C', 'K']);
});

test('an exec plugin runs once however many requests wait for it, and again after a refusal', async () => {
  const exec = await plugin('console.log(JSON.stringify({ status: { token: String(call) } }));');
  const credentials = source({ exec });
  const all = await Promise.all([1, 2, 3].map(() => credentials.current()));
  assert.deepEqual(
    all.map(({ headers }) => headers.Authorization),
    ['Bearer 1', 'Bearer 1', 'Bearer 1'],
  );
  credentials.invalidate();
  assert.deepEqual(await headersOf(credentials), { Authorization: 'Bearer 2' });
});

test('an exec plugin that fails is named, and nothing it wrote is repeated', async () => {
  const exec = await plugin(`console.log('token hunter2'); console.error('hunter2'); process.exit(1);`);
  await assert.rejects(source({ exec }).current(), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'WEFT-KUBE-05');
    assert.match(error.message, /exec plugin .*node.* of user u/);
    assert.doesNotMatch(JSON.stringify([error.message, error.stack, error]), /hunter2/);
    return true;
  });
});

test('an auth provider that Kubernetes no longer has is refused by name', async () => {
  const provider = { name: 'gcp', config: { 'access-token': 'hunter2' } };
  await assert.rejects(source({ authProvider: provider }).current(), (error: Error) => {
    assert.match(error.message, /gcp/);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
});
