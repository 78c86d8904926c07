import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { completeItems, writeTar } from './layer.ts';
import { parseLdd } from './libraries.ts';
import { archiveItems, buildImage, type ImageSource } from './oci.ts';

const folder = mkdtempSync(join(tmpdir(), 'weft-oci-'));
after(() => rmSync(folder, { recursive: true }));

const program = join(folder, 'program');
writeFileSync(program, 'content');

function source(file = program): ImageSource {
  return {
    repository: 'localhost/weft/test',
    config: { entrypoint: ['/bin/program'], user: '1:1', workingDirectory: '/', environment: { A: 'b' } },
    layers: [
      [{ kind: 'file', path: '/bin/program', source: file, mode: 0o755 }],
      [{ kind: 'link', path: '/bin/alias', target: 'program' }],
    ],
  };
}

function list(tar: string): string[] {
  return execFileSync('tar', ['--numeric-owner', '-tvf', tar], { encoding: 'utf8', env: { TZ: 'UTC' } })
    .trim()
    .split('\n');
}

test('a tar file is one that tar(1) reads, with owner, time and order fixed', async () => {
  const long = `/${'folder/'.repeat(20)}file`;
  const tar = join(folder, 'some.tar');
  const blob = await writeTar(
    [
      { kind: 'file', path: long, source: Buffer.from('x'.repeat(513)), mode: 0o644 },
      { kind: 'file', path: '/a', source: program, mode: 0o755 },
      { kind: 'link', path: '/b', target: 'a' },
    ],
    tar,
  );
  const lines = list(tar);
  assert.match(lines[0] ?? '', /^-rwxr-xr-x 0\/0 +7 1970-01-01 00:00 a$/);
  assert.match(lines[1] ?? '', /^lrwxrwxrwx 0\/0 +0 1970-01-01 00:00 b -> a$/);
  assert.match(lines[2] ?? '', /^drwxr-xr-x 0\/0 +0 1970-01-01 00:00 folder\/$/);
  assert.ok(lines.at(-1)?.endsWith(long.slice(1)));
  assert.equal(execFileSync('tar', ['-xOf', tar, long.slice(1)]).length, 513);
  assert.equal(blob.digest, `sha256:${createHash('sha256').update(readFileSync(tar)).digest('hex')}`);
});

test('every folder above a file is there once', () => {
  const items = completeItems([
    { kind: 'file', path: '/a/b/c', source: Buffer.alloc(0), mode: 0o644 },
    { kind: 'folder', path: '/a', mode: 0o700 },
  ]);
  assert.deepEqual(
    items.map((item) => [item.path, item.kind]),
    [
      ['/a', 'folder'],
      ['/a/b', 'folder'],
      ['/a/b/c', 'file'],
    ],
  );
});

test('the same content gives the same image, wherever it lay and whenever it was written', async () => {
  const first = await buildImage(source(), join(folder, 'first'));
  const copy = join(folder, 'copy');
  writeFileSync(copy, 'content');
  utimesSync(copy, 1, 1);
  const second = await buildImage(source(copy), join(folder, 'second'));
  assert.equal(second.ref, first.ref);
  assert.match(first.ref, /^localhost\/weft\/test:dev-[0-9a-f]{12}$/);
});

test('changed content gives another tag, so that a Deployment rolls', async () => {
  const changed = join(folder, 'changed');
  writeFileSync(changed, 'other content');
  const first = await buildImage(source(), join(folder, 'first'));
  assert.notEqual((await buildImage(source(changed), join(folder, 'first'))).ref, first.ref);
});

test('every blob of a layout has the digest it is named by, and a layer is stored once for all images', async () => {
  const shared = join(folder, 'shared');
  const one = await buildImage(source(), shared);
  const two = await buildImage({ ...source(), repository: 'localhost/weft/other' }, shared);
  for (const { layout } of [one, two]) {
    const blobs = join(layout, 'blobs', 'sha256');
    for (const name of readdirSync(blobs)) {
      assert.equal(
        createHash('sha256')
          .update(readFileSync(join(blobs, name)))
          .digest('hex'),
        name,
      );
    }
  }
  assert.equal(readdirSync(join(shared, 'layers')).length, 2);
});

test('what a node has already is left out of the archive that is sent to it', async () => {
  const { layout } = await buildImage(source(), join(folder, 'sent'));
  const all = (await archiveItems(layout, new Set())).map(({ path }) => path);
  const blobs = all.filter((path) => path.startsWith('/blobs/'));
  assert.equal(blobs.length, 4);
  const known = blobs.map((path) => path.slice('/blobs/'.length).replace('/', ':'));
  const rest = (await archiveItems(layout, new Set(known.slice(1)))).map(({ path }) => path);
  assert.deepEqual(rest, ['/oci-layout', '/index.json', blobs[0]]);
});

test('libraries and loader are read from ldd, the kernel`s own part is not a file', () => {
  const output = [
    '\tlinux-vdso.so.1 (0x00007ffd)',
    '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f5c)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f5d)',
    '',
  ].join('\n');
  assert.deepEqual(parseLdd(output), ['/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2']);
  assert.throws(() => parseLdd('\tlibx.so.1 => not found\n'), /libx\.so\.1 is missing/);
});
