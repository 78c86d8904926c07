import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readStaticFiles, staticFileAt } from './static-files.ts';

function page(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'weft-page-'));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'assets'));
  writeFileSync(join(directory, 'index.html'), '<!doctype html>');
  writeFileSync(join(directory, 'app.js'), 'let a;');
  writeFileSync(join(directory, 'assets', 'a.css'), 'a{}');
  writeFileSync(join(directory, 'notes.exe'), 'x');
  return directory;
}

test('the page is at / and /ui, its files beside it, each with its type and a tag of its content', (t) => {
  const files = readStaticFiles(page(t));
  for (const path of ['/', '/ui', '/ui/']) {
    assert.equal(staticFileAt(files, path)?.type, 'text/html; charset=utf-8', path);
  }
  assert.equal(staticFileAt(files, '/app.js')?.type, 'text/javascript; charset=utf-8');
  assert.equal(staticFileAt(files, '/ui/app.js')?.body.toString(), 'let a;');
  assert.equal(staticFileAt(files, '/assets/a.css')?.type, 'text/css; charset=utf-8');
  assert.match(staticFileAt(files, '/app.js')?.headers.etag ?? '', /^"[\w-]{22}"$/);
});

test('nothing else of the file system is reached, and files of unknown type are not shown', (t) => {
  const files = readStaticFiles(page(t));
  for (const path of ['/notes.exe', '/../package.json', '/assets', '//etc/passwd', '/apis', '/index']) {
    assert.equal(staticFileAt(files, path), undefined, path);
  }
});

test('without a page there are no files', () => {
  assert.equal(readStaticFiles('/nowhere/at/all').size, 0);
});
