import { describe, expect, it } from 'vitest';
import {
  type ManagedFields,
  serverSideApply,
} from '../../../src/cluster/sandbox/api/patch/server-side-apply.ts';
import { mergePatch } from '../../../src/cluster/sandbox/api/patch/strategic-merge.ts';
import type { JsonObject } from '../../../src/cluster/sandbox/json.ts';

const DEPLOYMENT = { ref: 'apps.v1.Deployment' };
const containers = (...list: JsonObject[]) => ({ spec: { template: { spec: { containers: list } } } });

describe('strategic merge', () => {
  it('adds, changes and deletes list items by their key', () => {
    const live = containers({ name: 'a', image: '1' }, { name: 'b', image: '1' });
    const patch = containers(
      { name: 'b', $patch: 'delete' },
      { name: 'a', image: '2' },
      { name: 'c', image: '1' },
    );
    expect(mergePatch(live, patch, DEPLOYMENT)).toEqual(
      containers({ name: 'a', image: '2' }, { name: 'c', image: '1' }),
    );
  });

  it('keeps only what $retainKeys names', () => {
    const live = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    expect(mergePatch(live, patch, DEPLOYMENT)).toEqual({ spec: { strategy: { type: 'Recreate' } } });
  });

  it('replaces lists that have no key, and removes what is null', () => {
    const live = containers({ name: 'a', args: ['1', '2'], workingDir: '/x' });
    const patch = containers({ name: 'a', args: ['3'], workingDir: null });
    expect(mergePatch(live, patch, DEPLOYMENT)).toEqual(containers({ name: 'a', args: ['3'] }));
  });

  it('without a schema is a JSON merge patch, in which lists are replaced', () => {
    expect(mergePatch({ a: [{ name: 'x' }], b: 1 }, { a: [{ name: 'y' }], b: null })).toEqual({
      a: [{ name: 'y' }],
    });
  });
});

describe('server-side apply', () => {
  const apply = (
    live: JsonObject,
    config: JsonObject,
    managers: readonly ManagedFields[] = [],
    manager = 'me',
  ) => serverSideApply(live, config, { schema: DEPLOYMENT, managers, manager, force: false });
  const entry = (manager: string, fieldsV1: JsonObject): ManagedFields => ({
    manager,
    operation: 'Apply',
    apiVersion: 'apps/v1',
    time: '',
    fieldsType: 'FieldsV1',
    fieldsV1,
  });

  it('owns what it sets, list items by their keys with defaults filled in', () => {
    const { own } = apply({}, containers({ name: 'a', ports: [{ containerPort: 80 }] }));
    expect(own).toEqual({
      'f:spec': {
        'f:template': {
          'f:spec': {
            'f:containers': {
              'k:{"name":"a"}': {
                '.': {},
                'f:name': {},
                'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
              },
            },
          },
        },
      },
    });
  });

  it('takes away what it set before and sets no longer, and leaves what others set', () => {
    const first = apply({}, { spec: { replicas: 3, ...containers({ name: 'a' }, { name: 'b' }).spec } });
    const other = entry('scaler', { 'f:spec': { 'f:replicas': {} } });
    const second = apply(first.merged, containers({ name: 'a' }), [entry('me', first.own), other]);
    expect(second.merged).toEqual({ spec: { replicas: 3, ...containers({ name: 'a' }).spec } });
  });

  it('keeps a list item while somebody else owns a part of it', () => {
    const first = apply({}, containers({ name: 'a', image: '1' }));
    const other = entry('injector', {
      'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { 'f:env': {} } } } } },
    });
    const live = containers({ name: 'a', image: '1', env: [] });
    const second = apply(live, { spec: {} }, [entry('me', first.own), other]);
    expect(second.merged).toEqual(containers({ env: [] }));
  });

  it('agrees with another owner on the same value', () => {
    const other = entry('other', { 'f:spec': { 'f:replicas': {} } });
    expect(apply({ spec: { replicas: 3 } }, { spec: { replicas: 3 } }, [other]).conflicts).toEqual([]);
    expect(apply({ spec: { replicas: 3 } }, { spec: { replicas: 4 } }, [other]).conflicts).toEqual([
      { manager: 'other', path: '.spec.replicas' },
    ]);
  });
});
