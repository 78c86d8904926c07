import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EncodedResource, ResourceRef } from '../resource.ts';
import { ResourceTable } from './table.ts';

function resource(version: string, needs: readonly ResourceRef[] = []): EncodedResource {
  return { name: 'x', version, body: Buffer.from(version), needs };
}

describe('the table', () => {
  test('gives a number back when nobody refers to its record any more', () => {
    const table = new ResourceTable();
    const [first, second] = [table.ensure('route', 'a'), table.ensure('route', 'b')];
    table.update(second, resource('v1'));
    table.sweep((record) => record === first);
    assert.equal(table.find('route', 'a'), first, 'in use');
    table.sweep(() => false);
    assert.equal(table.find('route', 'a'), undefined);
    assert.equal(table.find('route', 'b'), second, 'it has a resource');
    assert.equal(table.ensure('route', 'c').id, first.id);
  });

  test('keeps what others need, and forgets it with them', () => {
    const table = new ResourceTable();
    const listener = table.ensure('listener', 'l');
    table.update(listener, resource('v1', [{ kind: 'route', name: 'r' }]));
    const route = table.find('route', 'r');
    assert.deepEqual([...(route?.neededBy ?? [])], [listener]);
    table.sweep(() => false);
    assert.equal(table.find('route', 'r'), route);
    table.update(listener, resource('v2', [{ kind: 'route', name: 's' }]));
    assert.deepEqual([...(route?.neededBy ?? [])], []);
    table.sweep(() => false);
    assert.equal(table.find('route', 'r'), undefined);
  });

  test('says that nothing has changed where the version is the same', () => {
    const table = new ResourceTable();
    const record = table.ensure('route', 'r');
    assert.equal(table.update(record, resource('v1')), true);
    assert.equal(table.update(record, resource('v1')), false);
    assert.equal(table.update(record, undefined), true);
    assert.equal(table.update(record, undefined), false);
  });

  test('knows the routes that are sent under one name, and drops some that are gone', () => {
    const table = new ResourceTable();
    const own = table.ensure('route', 'svc/a/web:80@b');
    const base = table.find('route', 'svc/a/web:80');
    assert.equal(own.base, base);
    assert.equal(own.wireName, 'svc/a/web:80');
    assert.deepEqual([...own.siblings()], [base]);
    table.sweep((record) => record === base);
    assert.equal(base?.variants?.size, 0);
  });
});

describe('the quarantine', () => {
  function served(
    steps: (record: ReturnType<ResourceTable['ensure']>, table: ResourceTable) => void,
  ): string | undefined {
    const table = new ResourceTable();
    const record = table.ensure('route', 'r');
    steps(record, table);
    return record.served?.version;
  }

  test('puts the last acknowledged version back', () => {
    const version = served((record, table) => {
      table.update(record, resource('v1'));
      record.accept(resource('v1'), record.tick);
      table.update(record, resource('v2'));
      record.reject('v2', 'bad');
    });
    assert.equal(version, 'v1');
  });

  test('does not put back what was never acknowledged', () => {
    const version = served((record, table) => {
      table.update(record, resource('v1'));
      table.update(record, resource('v2'));
      record.reject('v2', 'bad');
    });
    assert.equal(version, undefined);
  });

  test('does not touch what another proxy has acknowledged', () => {
    const version = served((record, table) => {
      table.update(record, resource('v1'));
      record.accept(resource('v1'), record.tick);
      record.reject('v1', 'bad');
    });
    assert.equal(version, 'v1');
  });

  test('ends when another proxy acknowledges the version after all', () => {
    const version = served((record, table) => {
      table.update(record, resource('v1'));
      record.accept(resource('v1'), record.tick);
      table.update(record, resource('v2'));
      const { tick } = record;
      record.reject('v2', 'bad');
      record.accept(resource('v2'), tick);
    });
    assert.equal(version, 'v2');
  });

  test('takes a late acknowledgement of an older version for the last good one', () => {
    const version = served((record, table) => {
      table.update(record, resource('v1'));
      const { tick } = record;
      table.update(record, resource('v2'));
      record.reject('v2', 'bad');
      record.accept(resource('v1'), tick);
    });
    assert.equal(version, 'v1');
  });

  test('ignores a rejection of what is not the latest any more', () => {
    const version = served((record, table) => {
      table.update(record, resource('v1'));
      table.update(record, resource('v2'));
      record.reject('v1', 'bad');
    });
    assert.equal(version, 'v2');
  });

  test('remembers a version that comes back', () => {
    const version = served((record, table) => {
      table.update(record, resource('v1'));
      record.accept(resource('v1'), record.tick);
      table.update(record, resource('bad'));
      record.reject('bad', 'bad');
      table.update(record, resource('v3'));
      record.accept(resource('v3'), record.tick);
      table.update(record, resource('bad'));
      assert.match(record.rejected?.message ?? '', /rejected before/);
    });
    assert.equal(version, 'v3');
  });
});
