import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageReferences } from './images.ts';

test('every image of the manifests is found once', () => {
  const manifests = [
    '      containers:\n        - name: a\n          image: example.test/echo-basic:v1\n        - image: example.test/dns:v2\n',
    '          image: example.test/echo-basic:v1\n          imagePullPolicy: IfNotPresent\n',
  ];
  assert.deepEqual(imageReferences(manifests), ['example.test/dns:v2', 'example.test/echo-basic:v1']);
});
