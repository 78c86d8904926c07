/** Hands images to a containerd: only the blobs it does not have, as the archive that `ctr images import` reads. */

import { spawn } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { lastLines, run } from '../command.ts';
import { tarOf } from './layer.ts';
import { archiveItems, type BuiltImage } from './oci.ts';

/** Imports the image into the containerd behind the socket, where it is not there yet. */
export async function loadImage(socket: string, image: BuiltImage): Promise<void> {
  const control = ['--address', socket, '--namespace', 'k8s.io'];
  const references = await run(['ctr', ...control, 'images', 'list', '--quiet']);
  if (references.split('\n').includes(image.ref)) return;
  const digests = await run(['ctr', ...control, 'content', 'list', '--quiet']);
  const items = await archiveItems(image.layout, new Set(digests.split('\n')));
  const child = spawn('ctr', [...control, 'images', 'import', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  // Where ctr ends early, its own words tell more than the broken pipe.
  const sent = pipeline(tarOf(items), child.stdin).catch((error: unknown) => error);
  const code = await ended;
  const failure = await sent;
  if (code !== 0)
    throw new Error(`${image.ref} could not be loaded:\n${lastLines(said, 5)}`, { cause: failure });
}
