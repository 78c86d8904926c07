/** An xDS server over resources made by hand: the graph is real, what it holds is what a test puts in. */

import { createHash } from 'node:crypto';
import { type DescMessage, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { systemClock } from '../../src/base/clock.ts';
import { WeftError } from '../../src/base/errors.ts';
import { type Logger, silent } from '../../src/base/log.ts';
import { Graph } from '../../src/graph/graph.ts';
// Registers the codes that `identify` rejects with.
import '../../src/identify.ts';
import type { GraphApi, Source } from '../../src/graph/types.ts';
import { ClusterSchema } from '../../src/xds/proto/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../src/xds/proto/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../src/xds/proto/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../src/xds/proto/envoy/config/route/v3/route_pb.js';
import { SecretSchema } from '../../src/xds/proto/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { registry } from '../../src/xds/proto/registry_pb.js';
import type {
  EncodedResource,
  OwnSecrets,
  ProxyLists,
  ResourceAcks,
  ResourceKind,
  ResourceRef,
  Translation,
} from '../../src/xds/resource.ts';
import {
  createXdsServer,
  type StreamMethod,
  type UnaryMethod,
  type XdsLimits,
  type XdsServer,
} from '../../src/xds/server/server.ts';
import { createTestAuthority, type TestAuthority, type TestCertificate } from './pki.ts';

const schemas: Readonly<Record<ResourceKind, DescMessage>> = {
  secret: SecretSchema,
  cluster: ClusterSchema,
  endpoints: ClusterLoadAssignmentSchema,
  listener: ListenerSchema,
  route: RouteConfigurationSchema,
};

export interface XdsFixture {
  readonly graph: Graph;
  readonly resources: Readonly<Record<ResourceKind, Source<EncodedResource>>>;
  readonly onDemand: Source<EncodedResource>;
  readonly lists: Source<ProxyLists>;
  readonly acks: Source<ResourceAcks>;
  readonly translation: Translation;
  /** Every call of `use`, as `<workload> <destination>`. */
  readonly used: string[];
  /** What `use` does besides; tests set it to make destinations appear. */
  onUse: (workload: string, destination: string) => void;
  /** Takes a resource's body from the JSON form of its message. */
  put(kind: ResourceKind, name: string, body: JsonValue, needs?: readonly ResourceRef[]): EncodedResource;
}

export function encode(
  kind: ResourceKind,
  name: string,
  json: JsonValue,
  needs: readonly ResourceRef[] = [],
): EncodedResource {
  const body = toBinary(schemas[kind], fromJson(schemas[kind], json, { registry }));
  return { name, version: createHash('sha256').update(body).digest('base64url').slice(0, 16), body, needs };
}

export function createFixture(): XdsFixture {
  const graph = new Graph({
    onError: (error) => {
      throw error;
    },
  });
  const resources = {
    secret: graph.source<EncodedResource>('secret'),
    cluster: graph.source<EncodedResource>('cluster'),
    endpoints: graph.source<EncodedResource>('endpoints'),
    listener: graph.source<EncodedResource>('listener'),
    route: graph.source<EncodedResource>('route'),
  };
  const onDemand = graph.source<EncodedResource>('onDemand');
  const lists = graph.source<ProxyLists>('lists');
  return {
    graph,
    resources,
    onDemand,
    lists,
    acks: graph.source<ResourceAcks>('acks'),
    translation: { resources, onDemand, lists, presence: [] },
    used: [],
    onUse: () => undefined,
    put(kind, name, body, needs) {
      const resource = encode(kind, name, body, needs);
      resources[kind].set(name, resource);
      return resource;
    },
  };
}

/** What a server needs of a fixture. */
export interface Served extends Pick<XdsFixture, 'translation' | 'acks' | 'used' | 'onUse'> {
  readonly graph: GraphApi;
}

export interface RunningServer {
  readonly server: XdsServer;
  readonly port: number;
  readonly pki: TestAuthority;
}

export interface ServeOptions {
  readonly pki?: TestAuthority;
  readonly certificate?: TestCertificate;
  readonly port?: number;
  readonly limits?: Partial<XdsLimits>;
  readonly methods?: ReadonlyMap<string, UnaryMethod>;
  readonly streams?: ReadonlyMap<string, StreamMethod>;
  readonly log?: Logger;
  /** What proxies that come with a token get of their own, by `namespace/pod`. */
  readonly ownSecrets?: (proxy: string) => OwnSecrets;
}

export const serverNames = 'URI:spiffe://cluster.local/ns/weft-system/sa/control,DNS:localhost';

/** The identity of the tests' proxies in a namespace. */
export function identityIn(namespace: string): string {
  return `spiffe://cluster.local/ns/${namespace}/sa/default`;
}

/**
 * Serves the fixture. A proxy is `<namespace>/<pod>/<uid>` in its node's id and belongs to the workload
 * `<namespace>/Deployment/<its node's cluster>`, or `<namespace>/<kind>/<name>` where that says a kind too; its
 * certificate must be that of its namespace, its token the namespace.
 */
export async function serveFixture(fixture: Served, options: ServeOptions = {}): Promise<RunningServer> {
  const pki = options.pki ?? createTestAuthority();
  const certificate = options.certificate ?? pki.issue(serverNames);
  const server = createXdsServer({
    translation: fixture.translation,
    acks: fixture.acks,
    tls: { key: certificate.key, cert: certificate.cert, ca: pki.ca },
    identify: (peer, node) => {
      const [namespace = '', pod = '', uid = ''] = node.id.split('/');
      const identity = peer.kind === 'token' ? identityIn(peer.token()) : peer.uri;
      if (identity !== identityIn(namespace)) {
        return Promise.reject(
          new WeftError('WEFT-XDS-20', `${identity} is not the identity of ${namespace}/${pod}.`),
        );
      }
      if (pod.startsWith('unknown')) {
        return Promise.reject(new WeftError('WEFT-XDS-20', `There is no pod ${namespace}/${pod}.`));
      }
      const kind = node.cluster.includes('/') ? '' : 'Deployment/';
      const workload = `${namespace}/${kind}${node.cluster}`;
      const key = `${namespace}/${pod}`;
      const secrets = peer.kind === 'token' ? options.ownSecrets?.(key) : undefined;
      return Promise.resolve({ key, workload, identity, uid, ...(secrets === undefined ? {} : { secrets }) });
    },
    use: (workload, destinations) => {
      for (const destination of destinations) {
        fixture.used.push(`${workload} ${destination}`);
        fixture.onUse(workload, destination);
      }
    },
    settled: () => fixture.graph.settled(),
    log: options.log ?? silent,
    clock: systemClock,
    limits: { drainMs: 0, ...options.limits },
    ...(options.methods === undefined ? {} : { methods: options.methods }),
    ...(options.streams === undefined ? {} : { streams: options.streams }),
  });
  return { server, port: await server.listen(options.port ?? 0, '127.0.0.1'), pki };
}
