/** What is in each image. The Dockerfiles beside this file say the same of the two images that Weft publishes. */

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBinary } from '../cluster/binaries.ts';
import { projectDirectory } from '../cluster/paths.ts';
import type { Log } from '../command.ts';
import { bundle } from './bundle.ts';
import type { LayerItem } from './layer.ts';
import { programItems } from './libraries.ts';
import type { ImageConfig, ImageSource } from './oci.ts';
import { bundlePage } from './page.ts';

export type ImageName = 'control' | 'redirect' | 'envoy' | 'sample' | 'tester';

/** Programs of ours that run on Node, by their entry. */
const nodePrograms = {
  control: 'src/main.ts',
  sample: 'dev/sample/main.ts',
  /** The application of the end-to-end tests. */
  tester: 'test/e2e/app/main.ts',
} as const;

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const nodeConfig: ImageConfig = {
  entrypoint: ['/usr/local/bin/node', '/app/main.mjs'],
  user: '65532:65532',
  workingDirectory: '/app',
  environment: { PATH: path, NODE_ENV: 'production' },
};

/**
 * Node's flags for the control plane. Once it runs it makes little garbage, and a young generation of the default
 * size only keeps memory: 100 MB of it after a thousand proxies have connected, see docs/performance.md.
 */
export const controlFlags: readonly string[] = ['--max-semi-space-size=4'];

export const imageConfigs: Readonly<Record<ImageName, ImageConfig>> = {
  control: { ...nodeConfig, entrypoint: ['/usr/local/bin/node', ...controlFlags, '/app/main.mjs'] },
  sample: nodeConfig,
  tester: nodeConfig,
  // Rules can only be set by root; the pod grants it NET_ADMIN and nothing else.
  redirect: {
    entrypoint: ['/usr/sbin/nft'],
    user: '0:0',
    workingDirectory: '/',
    environment: { PATH: path },
  },
  envoy: {
    entrypoint: ['/usr/local/bin/envoy'],
    user: '65532:65532',
    workingDirectory: '/',
    environment: { PATH: path },
  },
};

/** What programs expect of a root file system: names for the users, and files before DNS for host names. */
export const rootItems: readonly LayerItem[] = [
  text('/etc/passwd', 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n'),
  text('/etc/group', 'root:x:0:\nnonroot:x:65532:\n'),
  text('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
  { kind: 'folder', path: '/tmp', mode: 0o1777 },
];

function text(file: string, content: string): LayerItem {
  return { kind: 'file', path: file, source: Buffer.from(content), mode: 0o644 };
}

/** Whether what the image is made of is in this checkout. */
export async function canBuild(name: ImageName): Promise<boolean> {
  if (name === 'redirect' || name === 'envoy') return true;
  return access(join(projectDirectory, nodePrograms[name])).then(
    () => true,
    () => false,
  );
}

export async function imageSource(name: ImageName, log: Log): Promise<ImageSource> {
  return {
    repository: `localhost/weft/${name}`,
    config: imageConfigs[name],
    layers: await layersOf(name, log),
  };
}

async function layersOf(name: ImageName, log: Log): Promise<ImageSource['layers']> {
  if (name === 'redirect')
    return [[...rootItems, ...(await programItems(await ensureBinary('nft', log), '/usr/sbin/nft'))]];
  if (name === 'envoy') {
    return [
      [...rootItems, ...(await programItems(await ensureBinary('envoy', log), '/usr/local/bin/envoy'))],
    ];
  }
  const program: LayerItem = {
    kind: 'file',
    path: '/app/main.mjs',
    source: await bundle(nodePrograms[name]),
    mode: 0o644,
  };
  const page = name === 'control' ? await pageItems() : [];
  // Node is the same in all images and in every version of them: its layer is stored once.
  return [
    [...rootItems, ...(await programItems(process.execPath, '/usr/local/bin/node'))],
    [program, ...page],
  ];
}

/** The web page lies beside the program that serves it. */
async function pageItems(): Promise<readonly LayerItem[]> {
  return Object.entries(await bundlePage()).map(([name, source]) => ({
    kind: 'file',
    path: `/app/ui/${name}`,
    source,
    mode: 0o644,
  }));
}
