/**
 * A control plane that serves a fixed set of resources over delta ADS, so that the sidecar can be tested for itself.
 * Answers a wildcard with every resource of the type but on-demand ones, and names with those resources; holds back until `open`.
 */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '../../../src/xds/proto/envoy/service/discovery/v3/discovery_pb.js';
import {
  type EncodedResource,
  onDemandPrefix,
  type ResourceKind,
  typeUrls,
} from '../../../src/xds/resource.ts';

export interface ServerTls {
  readonly key: string;
  readonly chain: string;
  readonly trust: string;
}

export type Resources = Partial<Record<ResourceKind, readonly EncodedResource[]>>;

export interface TestControlPlane {
  /** Lets answers go out, also to requests that came before. */
  open(): void;
  /** Everything proxies have sent, in order. */
  readonly requests: readonly DeltaDiscoveryRequest[];
  /** The `authorization` header of each stream. */
  readonly authorizations: readonly string[];
  close(): void;
}

type Stream = grpc.ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

export async function startControlPlane(
  address: string,
  tls: ServerTls,
  resources: Resources,
): Promise<TestControlPlane> {
  const requests: DeltaDiscoveryRequest[] = [];
  const authorizations: string[] = [];
  const waiting: (() => void)[] = [];
  let isOpen = false;
  const server = new grpc.Server();
  server.addService(
    {
      deltaAggregatedResources: {
        path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
        requestStream: true,
        responseStream: true,
        requestSerialize: (value: DeltaDiscoveryRequest) =>
          Buffer.from(toBinary(DeltaDiscoveryRequestSchema, value)),
        requestDeserialize: (bytes: Buffer) => fromBinary(DeltaDiscoveryRequestSchema, bytes),
        responseSerialize: (value: DeltaDiscoveryResponse) =>
          Buffer.from(toBinary(DeltaDiscoveryResponseSchema, value)),
        responseDeserialize: (bytes: Buffer) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
      },
    },
    {
      deltaAggregatedResources: (stream: Stream) => {
        authorizations.push(String(stream.metadata.get('authorization')[0] ?? ''));
        const asked = new Set<string>();
        stream.on('error', () => {});
        stream.on('data', (request: DeltaDiscoveryRequest) => {
          requests.push(request);
          const first = !asked.has(request.typeUrl);
          asked.add(request.typeUrl);
          const wildcard = first && request.resourceNamesSubscribe.length === 0;
          if (!wildcard && request.resourceNamesSubscribe.length === 0) return;
          const answer = (): void => {
            stream.write(response(resources, request, wildcard));
          };
          if (isOpen) answer();
          else waiting.push(answer);
        });
      },
    },
  );
  const credentials = grpc.ServerCredentials.createSsl(
    Buffer.from(tls.trust),
    [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.chain) }],
    false,
  );
  await new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
  return {
    open: () => {
      isOpen = true;
      for (const answer of waiting.splice(0)) answer();
    },
    requests,
    authorizations,
    close: () => server.forceShutdown(),
  };
}

function response(
  resources: Resources,
  request: DeltaDiscoveryRequest,
  wildcard: boolean,
): DeltaDiscoveryResponse {
  const kind = (Object.keys(typeUrls) as ResourceKind[]).find((key) => typeUrls[key] === request.typeUrl);
  const all = kind === undefined ? [] : (resources[kind] ?? []);
  const chosen = wildcard
    ? all.filter(({ name }) => !name.startsWith(onDemandPrefix))
    : all.filter(({ name }) => request.resourceNamesSubscribe.includes(name));
  return create(DeltaDiscoveryResponseSchema, {
    typeUrl: request.typeUrl,
    nonce: '1',
    resources: chosen.map(({ name, version, body }) => ({
      name,
      version,
      resource: { typeUrl: request.typeUrl, value: body },
    })),
  });
}
