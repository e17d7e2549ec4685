import { afterEach, describe, expect, it } from 'vitest';
import { readActionInputs } from '../../src/inputs/action-inputs.ts';
import { parseInputs } from '../../src/inputs/raw-inputs.ts';
import { codesAndPlaces, problemsOf } from '../support/problems.ts';

const set = (inputs: Record<string, string>) => {
  for (const [name, value] of Object.entries(inputs)) process.env[`INPUT_${name.toUpperCase()}`] = value;
};

afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('INPUT_')) delete process.env[name];
});

describe('inputs of the Action', () => {
  it('are read as the runner gives them, lists one item a line, words also with commas', () => {
    set({
      manifests: 'k8s/base\n\n  k8s/overlays/ci \n',
      'fail-on': 'dropped, error',
      connection: 'new',
      keep: 'true',
      rate: ' 50 ',
      'expect-status': '200',
    });
    expect(parseInputs(readActionInputs())).toEqual({
      values: {
        manifests: ['k8s/base', 'k8s/overlays/ci'],
        'fail-on': ['dropped', 'error'],
        connection: ['new'],
        keep: true,
        rate: 50,
        'expect-status': { statusFrom: 200, statusTo: 200 },
      },
      problems: [],
    });
  });

  it('count as not given where they are empty', () => {
    set({ config: '', rate: '', manifests: '\n', keep: '' });
    expect(readActionInputs().size).toBe(0);
  });

  it.each([
    ['node_image', 'node-image'],
    ['manifest', 'manifests'],
    ['kube-proxy', 'kube-proxy-mode'],
  ])('%s is an error, not a warning of the runner', async (name, meant) => {
    set({ [name]: 'x' });
    const problems = await problemsOf(() => readActionInputs());
    expect(codesAndPlaces(problems)).toEqual([`RP1003 input ${name}`]);
    expect(problems[0]?.remedy).toContain(`Did you mean ${meant}?`);
  });

  it('leave variables alone that only look like inputs', () => {
    set({ something_of_the_users_own: 'x' });
    expect(readActionInputs().size).toBe(0);
  });
});
