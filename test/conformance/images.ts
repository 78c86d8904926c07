/** The images that the suite's manifests name, under the names and tags they use there, built from source. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBinary } from '../../dev/cluster/binaries.ts';
import type { Log } from '../../dev/command.ts';
import { rootItems } from '../../dev/images/definitions.ts';
import type { LayerItem } from '../../dev/images/layer.ts';
import { type BuiltImage, buildImage, type ImageConfig } from '../../dev/images/oci.ts';
import { imagesDirectory } from '../../dev/images/pause.ts';
import type { SuitePrograms } from './suite.ts';

interface Contents {
  readonly config: ImageConfig;
  readonly items: readonly LayerItem[];
}

const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/** Every image reference in the manifests, each once, sorted. */
export function imageReferences(manifests: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const text of manifests) {
    for (const [, reference] of text.matchAll(/^\s*(?:- )?image:\s*(\S+)\s*$/gm))
      if (reference !== undefined) found.add(reference);
  }
  return [...found].sort();
}

/** Builds all of them; fails on one that it does not know how to build. */
export async function buildSuiteImages(
  programs: SuitePrograms,
  log: Log,
): Promise<Readonly<Record<string, BuiltImage>>> {
  const contents: Readonly<Record<string, Contents>> = {
    'echo-basic': echoBasic(programs),
    'echo-advanced': echoAdvanced(programs),
    coredns: await coreDns(log),
  };
  const built: Record<string, BuiltImage> = {};
  for (const reference of imageReferences(await manifestsOf(programs.sources))) {
    const colon = reference.lastIndexOf(':');
    const repository = reference.slice(0, colon);
    const content = contents[repository.split('/').pop() ?? ''];
    if (content === undefined)
      throw new Error(`the suite wants an image that is not known here: ${reference}`);
    const layers = [[...rootItems, ...content.items]];
    const source = { repository, tag: reference.slice(colon + 1), config: content.config, layers };
    built[reference] = await buildImage(source, imagesDirectory());
  }
  return built;
}

async function manifestsOf(sources: string): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const folder of ['base', 'mesh', 'tests']) {
    const files = await readdir(join(sources, folder), { recursive: true });
    for (const file of files.filter((name) => name.endsWith('.yaml')))
      texts.push(await readFile(join(sources, folder, file), 'utf8'));
  }
  return texts;
}

function program(source: string, path: string): LayerItem {
  return { kind: 'file', path, source, mode: 0o755 };
}

function echoBasic(programs: SuitePrograms): Contents {
  const config = { entrypoint: ['/echo-basic'], user: '65532:65532', workingDirectory: '/', environment };
  return { config, items: [program(programs.echoBasic, '/echo-basic')] };
}

/** One program under two names: the server, and the client that tests execute in the pod. */
function echoAdvanced(programs: SuitePrograms): Contents {
  const server = '/usr/local/bin/server';
  return {
    config: { entrypoint: [server], user: '1338:1338', workingDirectory: '/', environment },
    items: [
      program(programs.echoAdvanced, server),
      { kind: 'link', path: '/usr/local/bin/client', target: server },
      { kind: 'file', path: '/cert.crt', source: programs.certificate, mode: 0o644 },
      // The user of the image is not the owner of its files, and the key guards nothing.
      { kind: 'file', path: '/cert.key', source: programs.key, mode: 0o644 },
    ],
  };
}

/** As root, which the manifest leaves nothing but the right to bind port 53. */
async function coreDns(log: Log): Promise<Contents> {
  const config = { entrypoint: ['/coredns'], user: '0:0', workingDirectory: '/', environment };
  return { config, items: [program(await ensureBinary('coredns', log), '/coredns')] };
}
