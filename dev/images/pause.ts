/** The image of every pod's sandbox: one static program. The cluster loads it itself before the node is ready. */

import { join } from 'node:path';
import type { Log } from '../command.ts';
import { ensureBinary } from '../cluster/binaries.ts';
import { pauseImageName } from '../cluster/node-files.ts';
import { cacheDirectory } from '../cluster/paths.ts';
import { type BuiltImage, buildImage, type ImageSource } from './oci.ts';

/** Where built images are kept. */
export function imagesDirectory(): string {
  return join(cacheDirectory(), 'images');
}

export function pauseImage(program: string): ImageSource {
  const [repository = '', tag = ''] = pauseImageName.split(':');
  return {
    repository,
    tag,
    config: { entrypoint: ['/pause'], user: '65535:65535', workingDirectory: '/', environment: {} },
    layers: [[{ kind: 'file', path: '/pause', source: program, mode: 0o755 }]],
  };
}

export async function buildPauseImage(log: Log): Promise<BuiltImage> {
  return buildImage(pauseImage(await ensureBinary('pause', log)), imagesDirectory());
}
