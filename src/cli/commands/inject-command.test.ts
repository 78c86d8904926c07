import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parse } from 'yaml';
import { defaultImages, offlineSettings } from '../offline.ts';
import { injection, meshCluster } from '../testing.ts';

const pod =
  'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n      image: web:1\n';
const refusedPod = pod.replace('spec:\n', 'spec:\n  hostNetwork: true\n');

suite('weft inject and uninject', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weft-cli-'));
    await writeFile(join(directory, 'web.yaml'), pod);
    await writeFile(join(directory, 'settings.json'), JSON.stringify(injection));
    await writeFile(join(directory, 'broken.json'), '{"version": ');
    await writeFile(join(directory, 'other.json'), '{"version": "1"}');
  });
  after(() => rm(directory, { recursive: true }));

  test('the injected manifest goes to standard output, what was done to standard error', async () => {
    const { exitCode, out, err } = await meshCluster().run(`inject -f ${directory}/web.yaml`);
    assert.equal(exitCode, 0);
    assert.match(out, /name: weft-proxy/);
    assert.equal(err, 'Pod/web injected\n');
  });

  test('standard input is read where the file is -, and injecting again changes nothing', async () => {
    const cluster = meshCluster();
    const once = await cluster.run('inject -f -', pod);
    const twice = await cluster.run('inject -f -', once.out);
    assert.equal(twice.out, once.out);
    assert.equal(twice.err, 'Pod/web unchanged\n');
  });

  test('settings that were shown are the settings that can be given back, without any cluster', async () => {
    const shown = await meshCluster().run('inject --show-settings');
    assert.deepEqual(JSON.parse(shown.out), injection);
    const cluster = meshCluster();
    cluster.answers.clear();
    const { exitCode } = await cluster.run(`inject -f - --settings ${directory}/settings.json`, pod);
    assert.equal(exitCode, 0);
  });

  test('offline the defaults of the chart count, with the images that are named', async () => {
    const cluster = meshCluster();
    cluster.answers.clear();
    const plain = await cluster.run('inject -f - --offline', pod);
    assert.equal(plain.exitCode, 0);
    assert.match(plain.out, /image: envoyproxy\/envoy:/);
    const other = await cluster.run('inject -f - --proxy-image registry.example/envoy:1', pod);
    assert.match(other.out, /image: registry\.example\/envoy:1$/m);
    for (const option of ['--offline', '--redirect-image r:1']) {
      const clash = await cluster.run(`inject -f - ${option} --settings ${directory}/settings.json`, pod);
      assert.equal(clash.exitCode, 2);
      assert.match(clash.err, /^WEFT-CLI-03: option '.*' cannot be used with option '--settings/);
    }
  });

  test('the images of --offline are those of the chart', async () => {
    const values = parse(
      await readFile(new URL('../../../charts/weft/values.yaml', import.meta.url), 'utf8'),
    ) as {
      readonly proxy: { readonly image: string };
      readonly redirect: { readonly image: string };
      readonly image: { readonly pullPolicy: string };
    };
    const { settings } = offlineSettings({ ...defaultImages }, 'weft-system');
    assert.equal(settings.proxy.image, values.proxy.image);
    assert.equal(settings.proxy.redirectImage, values.redirect.image);
    assert.equal(settings.proxy.imagePullPolicy, values.image.pullPolicy);
  });

  test('a pod that is refused makes the exit code 1, and nothing can be applied by mistake', async () => {
    const { exitCode, out, err } = await meshCluster().run('inject -f -', refusedPod);
    assert.equal(exitCode, 1);
    assert.equal(out, '');
    assert.match(err, /^Pod\/web refused: WEFT-POD-01: /);
  });

  test('a file that is not there, and settings that are none, are told with exit code 2', async () => {
    for (const [line, why] of [
      [`inject -f ${directory}/missing.yaml`, /^WEFT-CLI-02: .*missing\.yaml/],
      [`uninject -f ${directory}`, /^WEFT-CLI-02: /],
      [`inject -f - --settings ${directory}/broken.json`, /^WEFT-CLI-03: --settings: /],
      [`inject -f - --settings ${directory}/other.json`, /^WEFT-CLI-03: --settings: /],
    ] as const) {
      const { exitCode, out, err } = await meshCluster().run(line, pod);
      assert.equal(exitCode, 2);
      assert.equal(out, '');
      assert.match(err, why);
    }
  });

  test('what is neither YAML nor JSON is told with its place', async () => {
    const { exitCode, err } = await meshCluster().run('uninject -f -', 'a: [1\nb: }');
    assert.equal(exitCode, 2);
    assert.match(err, /^WEFT-CLI-03: The manifest is neither YAML nor JSON: .*line 2/);
  });

  test('uninject gives back what was injected', async () => {
    const cluster = meshCluster();
    const { out } = await cluster.run('inject -f -', pod);
    const back = await cluster.run('uninject -f -', out);
    assert.equal(back.exitCode, 0);
    assert.equal(back.err, 'Pod/web restored\n');
    assert.equal(back.out, pod);
  });

  test('a manifest without pods passes through, and says so', async () => {
    const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\n';
    const { exitCode, out, err } = await meshCluster().run('inject -f -', service);
    assert.deepEqual([exitCode, out], [0, service]);
    assert.equal(err, 'there is no pod and no pod template in the manifest\n');
  });
});
