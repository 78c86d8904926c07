/** The xDS port of a replica, tried with any certificate, any method and any bytes. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { create, toBinary } from '@bufbuild/protobuf';
import { ChannelCredentials, Client, Metadata, type StatusObject } from '@grpc/grpc-js';
import { clusterDirectory } from '../../dev/cluster/paths.ts';
import { identityFiles, xdsPort } from '../../src/base/names.ts';
import { identityVolume } from '../../src/webhook/inject/identity.ts';
import { DeltaDiscoveryRequestSchema } from '../../src/xds/proto/envoy/service/discovery/v3/discovery_pb.js';
import { deltaMethod } from '../support/xds-client.ts';
import type { Pod } from './apps.ts';
import { replicaAddress } from './control-plane.ts';
import type { TestMesh } from './harness.ts';

const run = promisify(execFile);

/** PEM; the chain begins with the leaf. */
export interface Credentials {
  readonly key: string;
  readonly chain: string;
}

/** What a proxy without a certificate shows instead. */
export interface Token {
  readonly token: string;
}

export interface Replica {
  readonly host: string;
  /** PEM of the root that its certificate must lead to. */
  readonly ca: string;
}

/** How a call with one answer ended. */
export interface Answered {
  readonly code: number;
  readonly details: string;
  /** Empty where there was none. */
  readonly answer: Buffer;
}

const serverName = 'weft.weft-system.svc';

/** What the kubelet has put into the identity volume of a pod, and the roots beside it. */
export async function credentialsOf(
  { cluster }: TestMesh,
  pod: Pod,
): Promise<Credentials & { readonly roots: string }> {
  const directory = join(clusterDirectory(cluster.name), 'kubelet/pods', pod.metadata.uid ?? '', 'volumes');
  // The kubelet mounts volumes where only the processes of its node see them.
  const { stdout } = await run('ip', ['netns', 'pids', basename(cluster.networkNamespace)]);
  for (const pid of stdout.trim().split('\n')) {
    const read = (name: string): Promise<string> =>
      readFile(
        join(`/proc/${pid}/root`, directory, 'kubernetes.io~projected', identityVolume, name),
        'utf8',
      ).catch(() => '');
    const [key, chain, roots] = await Promise.all([
      read(identityFiles.key),
      read(identityFiles.chain),
      read(identityFiles.trust),
    ]);
    if (key !== '' && chain !== '' && roots !== '') return { key, chain, roots };
  }
  throw new Error(`no process of the node sees the identity of ${pod.metadata.name}`);
}

/** A replica that serves; which root it must lead to is the caller's to know. */
export async function replicaOf(mesh: TestMesh, ca: string): Promise<Replica> {
  return { host: await replicaAddress(mesh), ca };
}

/**
 * Connects and waits for the first bytes of HTTP/2, which the server sends as soon as the handshake is complete on its
 * side. Resolves with undefined then, or with why the connection ended before.
 */
export function handshake(
  replica: Replica,
  credentials: Credentials | undefined,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({
      host: replica.host,
      port: xdsPort,
      servername: serverName,
      ca: replica.ca,
      ALPNProtocols: ['h2'],
      ...(credentials === undefined ? {} : { key: credentials.key, cert: credentials.chain }),
    });
    const finish = (result: string | undefined): void => {
      resolve(result);
      socket.destroy();
    };
    socket.once('data', () => finish(undefined));
    socket.once('error', (error) => finish(error.message));
    socket.once('close', () => finish('closed without a word'));
  });
}

/** First message of a stream: who asks, for what. */
export function deltaRequest(nodeId: string, typeUrl: string): Buffer {
  const request = create(DeltaDiscoveryRequestSchema, { typeUrl, node: { id: nodeId, cluster: 'app' } });
  return Buffer.from(toBinary(DeltaDiscoveryRequestSchema, request));
}

/** Opens a stream, sends one message, and resolves with the status that the server ends it with. */
export async function openStream(
  replica: Replica,
  credentials: Credentials | Token | undefined,
  message: Buffer,
  method = deltaMethod,
): Promise<Pick<StatusObject, 'code' | 'details'>> {
  const metadata = new Metadata();
  if (credentials !== undefined && 'token' in credentials) {
    metadata.set('authorization', `Bearer ${credentials.token}`);
  }
  const client = clientOf(replica, credentials);
  try {
    const stream = client.makeBidiStreamRequest(
      method,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      metadata,
      { deadline: Date.now() + 30_000 },
    );
    const status = new Promise<StatusObject>((resolve) => stream.once('status', resolve));
    // The status says it.
    stream.on('error', () => undefined);
    stream.on('data', () => undefined);
    stream.write(message);
    return await status;
  } finally {
    client.close();
  }
}

/** Calls a method with one message and resolves with what became of it. */
export async function callOnce(
  replica: Replica,
  credentials: Credentials,
  method: string,
  message: Buffer,
): Promise<Answered> {
  const client = clientOf(replica, credentials);
  try {
    return await new Promise((resolve) => {
      const bytes = (content: Buffer): Buffer => content;
      const options = { deadline: Date.now() + 30_000 };
      client.makeUnaryRequest(method, bytes, bytes, message, options, (error, answer = Buffer.alloc(0)) =>
        resolve({ code: error?.code ?? 0, details: error?.details ?? '', answer }),
      );
    });
  } finally {
    client.close();
  }
}

function clientOf(replica: Replica, credentials: Credentials | Token | undefined): Client {
  const shown = credentials !== undefined && 'key' in credentials ? credentials : undefined;
  const [key, chain] =
    shown === undefined ? [null, null] : [Buffer.from(shown.key), Buffer.from(shown.chain)];
  return new Client(
    `${replica.host}:${xdsPort}`,
    ChannelCredentials.createSsl(Buffer.from(replica.ca), key, chain),
    { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName },
  );
}
