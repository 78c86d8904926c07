/**
 * Generates src/xds/proto/ from Envoy's public API: `npm run codegen -- proto`. Works offline: the proto files
 * come with the npm package of gRPC's xDS client, buf and the generator from node_modules too.
 *
 *   roots (proto-roots.ts) -> closure of imports -> buf: only what the roots refer to -> *_pb.js + *_pb.d.ts
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { protoRoots } from './proto-roots.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const upstream = join(repository, 'node_modules/@grpc/grpc-js-xds/deps');

/** Searched in this order; the overlay adds or replaces whole files. */
const includeRoots = [
  fileURLToPath(new URL('overlay', import.meta.url)),
  join(upstream, 'envoy-api'),
  join(upstream, 'googleapis'),
  join(upstream, 'protoc-gen-validate'),
  join(upstream, 'xds'),
];

export const protoDirectory = join(repository, 'src/xds/proto');
const generatedFile = /_pb\.(js|d\.ts)$/;

/** Replaces the generated files below src/xds/proto and the registry beside them. */
export async function generate(): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-proto-'));
  try {
    const files = await generateProtoInto(directory);
    for (const file of await listGenerated(protoDirectory)) await rm(join(protoDirectory, file));
    await cp(join(directory, 'out'), protoDirectory, { recursive: true });
    return files;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Generates below `<directory>/out`; answers the relative names of what was made, in ascending order. */
export async function generateProtoInto(directory: string): Promise<readonly string[]> {
  const sources = join(directory, 'proto');
  const out = join(directory, 'out');
  const packages = await copyClosure(Object.keys(protoRoots), sources);
  const types = Object.entries(protoRoots).flatMap(([file, messages]) =>
    messages.map((message) => `${packages.get(file)}.${message}`),
  );
  await writeFile(join(sources, 'buf.yaml'), 'version: v2\n');
  // Without source info: Envoy's comments would make the declarations five times as large.
  await buf(directory, ['build', 'proto', '--exclude-source-info', '-o', 'image.binpb']);
  await writeFile(join(directory, 'buf.gen.yaml'), JSON.stringify(generateConfig(types)));
  await buf(directory, ['generate']);
  await rm(join(out, 'validate'), { recursive: true, force: true });
  const files = await listGenerated(out);
  await writeFile(join(out, 'registry_pb.js'), registrySource(files));
  await writeFile(join(out, 'registry_pb.d.ts'), registryDeclaration);
  return await listGenerated(out);
}

/** A hash over names and contents of all generated files; the freshness test compares two of these. */
export async function hashGenerated(directory: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await listGenerated(directory)) {
    hash
      .update(`${file}\0`)
      .update(await readFile(join(directory, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** Copies the roots and everything they import; answers the package of each file. */
async function copyClosure(roots: readonly string[], target: string): Promise<ReadonlyMap<string, string>> {
  const packages = new Map<string, string>();
  const pending = [...roots];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (packages.has(file) || file.startsWith('google/protobuf/')) continue;
    const text = repair(file, await readProto(file));
    packages.set(file, /^package\s+([\w.]+)\s*;/m.exec(text)?.[1] ?? '');
    await mkdir(dirname(join(target, file)), { recursive: true });
    await writeFile(join(target, file), text);
    for (const match of text.matchAll(/^import\s+(?:public\s+|weak\s+)?"([^"]+)"/gm))
      pending.push(match[1] ?? '');
  }
  return packages;
}

async function readProto(file: string): Promise<string> {
  for (const root of includeRoots) {
    try {
      return await readFile(join(root, file), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`no proto root holds ${file}; add it under dev/codegen/overlay`);
}

/** What bundled files are too old to have, with the numbers of Envoy 1.40: where it goes, and the field. */
const repairs: Readonly<Record<string, readonly [after: RegExp, field: string]>> = {
  // Files that use this rule would stop the compiler.
  'validate/validate.proto': [/message StringRules \{/, 'optional bool ignore_empty = 26;'],
  // What a span is called: a format as of access logs.
  'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto': [
    /google\.protobuf\.BoolValue spawn_upstream_span = 10;/,
    'string operation = 11;\n    string upstream_operation = 12;',
  ],
  // OTLP over HTTP, over gRPC without what is deprecated, and whose logs they are.
  'envoy/extensions/access_loggers/open_telemetry/v3/logs_service.proto': [
    /core\.v3\.TypedExtensionConfig formatters = 7;/,
    'config.core.v3.HttpService http_service = 8;\n  config.core.v3.GrpcService grpc_service = 9;\n  repeated config.core.v3.TypedExtensionConfig resource_detectors = 15;',
  ],
};

const servicesOfCore = ['grpc_service', 'http_service']
  .map((name) => `import "envoy/config/core/v3/${name}.proto";\n`)
  .join('');

function repair(file: string, text: string): string {
  const [after, field = ''] = repairs[file] ?? [];
  if (after === undefined || text.includes(field)) return text;
  const repaired = text.replace(after, (found) => `${found}\n    ${field}`);
  return field.includes('HttpService') ? repaired.replace(/^import /m, `${servicesOfCore}$&`) : repaired;
}

function generateConfig(types: readonly string[]): unknown {
  return {
    version: 'v2',
    inputs: [{ binary_image: 'image.binpb', types, exclude_types: excludedOptions }],
    plugins: [
      {
        local: join(repository, 'node_modules/.bin/protoc-gen-es'),
        out: 'out',
        // One run over all files: per directory the generator would be started a hundred times.
        strategy: 'all',
        include_imports: true,
        opt: ['target=js+dts', 'import_extension=js'],
      },
    ],
  };
}

/** Annotations for other generators; without them descriptors shrink by half and nothing imports them. */
const excludedOptions = ['validate', 'udpa.annotations', 'xds.annotations.v3', 'envoy.annotations'];

async function buf(directory: string, args: readonly string[]): Promise<void> {
  const path = `${join(repository, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
  const environment = { ...process.env, PATH: path, BUF_CACHE_DIR: join(directory, 'cache') };
  await promisify(execFile)('buf', [...args], { cwd: directory, env: environment, maxBuffer: 1 << 24 });
}

async function listGenerated(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => generatedFile.test(name)).sort();
}

/** One registry of all generated files, so that an Any can be packed, unpacked and shown as JSON. */
function registrySource(files: readonly string[]): string {
  const modules = files.filter((file) => file.endsWith('_pb.js'));
  const imports = modules.map((file) => `import { ${fileConstant(file)} } from './${file}';`);
  const names = modules.map((file) => `  ${fileConstant(file)},`);
  return `${["import { createRegistry } from '@bufbuild/protobuf';", ...imports].join('\n')}

/** Every generated message by its type name. */
export const registry = createRegistry(
${names.join('\n')}
);
`;
}

const registryDeclaration = `import type { Registry } from '@bufbuild/protobuf';

/** Every generated message by its type name. */
export declare const registry: Registry;
`;

/** The name protoc-gen-es gives a file's descriptor. */
function fileConstant(file: string): string {
  return `file_${file.replace(/_pb\.js$/, '').replaceAll(/[^a-zA-Z0-9]/g, '_')}`;
}
