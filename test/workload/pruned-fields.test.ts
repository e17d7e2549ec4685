import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prunedFields } from '../../src/workload/pruned-fields.ts';

describe('pruned fields', () => {
  it('names the topmost field that is missing', () => {
    const applied = { spec: { preStop: { sleep: { seconds: 10 } }, replicas: 2 } };
    expect(prunedFields(applied, { spec: { preStop: {}, replicas: 2 } })).toEqual([
      ['spec', 'preStop', 'sleep'],
    ]);
  });

  it('finds list items by their name, wherever they stand', () => {
    const applied = { env: [{ name: 'A', value: '1' }] };
    expect(prunedFields(applied, { env: [{ name: 'INJECTED' }, { name: 'A', value: '1' }] })).toEqual([]);
    expect(prunedFields(applied, { env: [{ name: 'INJECTED' }] })).toEqual([['env', 0]]);
  });

  it('does not mind other spellings of a value, empty values or write-only fields', () => {
    const applied = {
      cpu: '1000m',
      annotations: {},
      nothing: null,
      args: [],
      text: '',
      stringData: { key: 'v' },
    };
    expect(prunedFields(applied, { cpu: '1' })).toEqual([]);
  });

  it('finds nothing missing in what holds everything and more', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (applied, more) => {
          expect(prunedFields(applied, { ...more, ...applied })).toEqual([]);
        },
      ),
    );
  });
});
