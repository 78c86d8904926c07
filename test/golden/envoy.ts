/**
 * Translations as static configuration of the real Envoy: asked whether it would take the resources of many cases,
 * in one process, or run to see what it does with them. Names and addresses are made unique by the case they come
 * from; what would come by ADS is put in place, so that Envoy sees endpoints and routes too.
 */

import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { identityDirectory, inboundAppCluster, passthroughCluster } from '../../src/base/names.ts';
import { regexLimits } from '../../src/webhook/inject/bootstrap.ts';
import { audienceMark, type ResourceKind, type Translation } from '../../src/xds/resource.ts';
import { decode } from '../../src/xds/translate/testing.ts';

export interface EnvoyVerdict {
  readonly accepted: boolean;
  readonly output: string;
}

/** `files` are the contents of the identity volume, by name. `directory` is written to. */
export async function askEnvoy(
  envoy: string,
  directory: string,
  cases: ReadonlyMap<string, Translation>,
  files: Readonly<Record<string, string>>,
): Promise<EnvoyVerdict> {
  const volume = join(directory, 'identity');
  await mkdir(volume, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(volume, name), content);
  const path = join(directory, 'envoy.json');
  const bootstrap = JSON.stringify(staticConfiguration(cases)).replaceAll(identityDirectory, volume);
  await writeFile(path, bootstrap);
  return new Promise((resolve) => {
    // Not by its exit code: with shared statistics Envoy 1.40 crashes when it is done with validating. A proxy ends well.
    execFile(envoy, ['--mode', 'validate', '-c', path, '-l', 'warning'], (_, stdout, stderr) => {
      resolve({ accepted: stdout.includes(`'${path}' OK`), output: stdout + stderr });
    });
  });
}

/** `readdress` gives a listener of a case another address; by default one that Envoy accepts and need not bind. */
export function staticConfiguration(
  cases: ReadonlyMap<string, Translation>,
  readdress: (listener: JsonObject, index: number) => JsonObject = withAddress,
): JsonObject {
  const listeners: JsonValue[] = [];
  const clusters: JsonValue[] = [...bootstrapClusters];
  const secrets: JsonValue[] = [];
  for (const [title, translation] of cases) {
    const resources = decodeAll(translation);
    const place = (value: JsonValue): JsonValue => inPlace(value, title, resources);
    clusters.push(...[...resources.cluster.values(), ...decodeAnswers(title, translation)].map(place));
    secrets.push(...[...resources.secret.values()].map(place));
    for (const listener of resources.listener.values()) {
      for (const variant of withVariants(listener, resources)) {
        const placed = { ...(place(variant) as JsonObject), name: `${title} ${variant['name'] as string}` };
        listeners.push(readdress(placed, listeners.length));
      }
    }
  }
  return {
    node: { id: 'golden', cluster: 'golden' },
    // The filter of live requests is not made without it.
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 0 } } },
    dynamicResources: {
      adsConfig: {
        apiType: 'DELTA_GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: 'xds' } }],
      },
    },
    bootstrapExtensions: [
      {
        name: 'internal-listener',
        typedConfig: { '@type': `${types}bootstrap.internal_listener.v3.InternalListener` },
      },
    ],
    layeredRuntime: { layers: [{ name: 'static', staticLayer: { ...regexLimits } as JsonObject }] },
    staticResources: { listeners, clusters, secrets },
  };
}

const types = 'type.googleapis.com/envoy.extensions.';

const originalDestination = { type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED', connectTimeout: '1s' };

/** What the pod's own bootstrap provides. */
const bootstrapClusters: readonly JsonObject[] = [
  { name: inboundAppCluster, ...originalDestination },
  { name: passthroughCluster, ...originalDestination },
  {
    name: 'xds',
    type: 'STATIC',
    connectTimeout: '1s',
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${types}upstreams.http.v3.HttpProtocolOptions`,
        explicitHttpConfig: { http2ProtocolOptions: {} },
      },
    },
  },
];

type Decoded = Readonly<Record<ResourceKind, ReadonlyMap<string, JsonObject>>>;

function decodeAll({ resources }: Translation): Decoded {
  const decodeKind = (kind: ResourceKind): ReadonlyMap<string, JsonObject> =>
    new Map([...resources[kind].entries()].map(([name, resource]) => [name, decode(kind, resource)]));
  return {
    secret: decodeKind('secret'),
    cluster: decodeKind('cluster'),
    endpoints: decodeKind('endpoints'),
    listener: decodeKind('listener'),
    route: decodeKind('route'),
  };
}

/** The listener, and once more for each namespace whose clients have routes of their own in it. */
function withVariants(listener: JsonObject, { route }: Decoded): readonly JsonObject[] {
  const text = JSON.stringify(listener);
  const own = [...route.keys()].filter((name) => {
    const [base, audience] = name.split(audienceMark);
    return audience !== undefined && text.includes(`"routeConfigName":"${base}"`);
  });
  const variants = own.map((name): JsonObject => {
    const [base] = name.split(audienceMark);
    const copy = text.replace(`"routeConfigName":"${base}"`, `"routeConfigName":"${name}"`);
    return { ...(JSON.parse(copy) as JsonObject), name: `${listener['name'] as string} for ${name}` };
  });
  return [listener, ...variants];
}

/** One case's answers have names that another's have too. */
function decodeAnswers(title: string, { onDemand }: Translation): readonly JsonObject[] {
  return [...onDemand.entries()].map(([key, answer]) => ({
    ...decode('cluster', answer),
    name: `${title} ${key}`,
  }));
}

/** Fields that hold names of resources. */
const nameFields = new Set(['name', 'cluster', 'clusterName', 'serverListenerName']);

function inPlace(value: JsonValue, title: string, resources: Decoded): JsonValue {
  if (Array.isArray(value)) return value.map((item) => inPlace(item, title, resources));
  if (typeof value !== 'object' || value === null) return value;
  const text = (name: JsonValue | undefined): string => (typeof name === 'string' ? name : '');
  const known = (name: JsonValue | undefined): boolean =>
    typeof name === 'string' && Object.values(resources).some((names) => names.has(name));
  const placed: Record<string, JsonValue> = {};
  for (const [field, content] of Object.entries(value)) {
    const name = (content as JsonObject)['routeConfigName'] ?? (content as JsonObject)['serviceName'];
    if (field === 'rds') {
      const routes = inPlace(resources.route.get(text(name)) ?? {}, title, resources) as JsonObject;
      // As by RDS, where a cluster that does not exist is an answer and not a mistake.
      placed['routeConfig'] = { ...routes, validateClusters: false };
    } else if (field === 'edsClusterConfig') {
      placed['loadAssignment'] = inPlace(resources.endpoints.get(text(name)) ?? {}, title, resources);
    } else if (nameFields.has(field) && known(content)) placed[field] = `${title} ${text(content)}`;
    else if (content === 'EDS') placed[field] = 'STATIC';
    // A secret without a source is looked up among the static ones.
    else if (field !== 'sdsConfig') placed[field] = inPlace(content, title, resources);
  }
  return placed;
}

/** No two listeners may have one address; those that bind none need not be told apart by it otherwise. */
function withAddress(listener: JsonObject, index: number): JsonObject {
  if (listener['internalListener'] !== undefined) return listener;
  const { additionalAddresses: _, address, ...rest } = listener;
  const host = `127.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  const { socketAddress, pipe } = address as { socketAddress?: JsonObject; pipe?: { readonly path: string } };
  if (pipe !== undefined) return { ...rest, address: { pipe: { path: `${pipe.path}-${index}` } } };
  if (socketAddress === undefined) return listener;
  const protocol = socketAddress['protocol'] ?? 'TCP';
  return { ...rest, address: { socketAddress: { protocol, address: host, portValue: 1 } } };
}
