import { describe, expect, it } from 'vitest';
import { chooseNodeImage, type NodeImageFacts } from '../../src/cluster/kind/node-image.ts';
import { BadInputError } from '../../src/model/problem.ts';

const facts: NodeImageFacts = {
  kindVersion: '0.33.0',
  cgroupVersion: 2,
  localTags: [],
  hasKindDefault: false,
};

describe('the node image', () => {
  it('is the one asked for, whatever else there is', () => {
    const choice = chooseNodeImage({
      ...facts,
      image: 'my.registry:5000/node:v1.33.1',
      localTags: ['v1.34.3'],
    });
    expect(choice).toEqual({
      image: 'my.registry:5000/node:v1.33.1',
      version: 'v1.33.1',
      text: 'my.registry:5000/node:v1.33.1 (as asked for)',
    });
  });

  it.each([
    ['1.34.3', ['v1.34.3'], 'kindest/node:v1.34.3'],
    ['v1.34.3', [], 'kindest/node:v1.34.3'],
    ['1.34', ['v1.34.3', 'v1.34.10', 'v1.33.9'], 'kindest/node:v1.34.10'],
    [
      '1.36',
      [],
      'kindest/node:v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed',
    ],
    [
      '1.36.4',
      [],
      'kindest/node:v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed',
    ],
  ])('of Kubernetes %s with %j in Docker is %s', (kubernetesVersion, localTags, image) => {
    expect(chooseNodeImage({ ...facts, kubernetesVersion, localTags })).toMatchObject({ image });
  });

  it('is, with nothing asked for, what needs no download', () => {
    expect(chooseNodeImage({ ...facts, localTags: ['v1.9.1', 'v1.34.3', 'latest'] })).toMatchObject({
      image: 'kindest/node:v1.34.3',
      text: 'kindest/node:v1.34.3 (the newest one Docker has)',
    });
    expect(chooseNodeImage({ ...facts, localTags: ['v1.34.3'], hasKindDefault: true }).image).toBeUndefined();
  });

  it("is kind's default where nothing is in Docker", () => {
    expect(chooseNodeImage(facts).image).toBeUndefined();
    expect(chooseNodeImage({ ...facts, kindVersion: '0.99.0' })).toEqual({ text: "kind's default" });
  });

  it('is one that runs under cgroup v1 where the machine has that', () => {
    const old: NodeImageFacts = { ...facts, cgroupVersion: 1 };
    expect(chooseNodeImage(old).image).toMatch(/^kindest\/node:v1\.34\.11@sha256:/);
    expect(chooseNodeImage({ ...old, localTags: ['v1.36.1', 'v1.34.3'] }).image).toBe('kindest/node:v1.34.3');
  });

  it.each([{ image: 'kindest/node:v1.35.0' }, { kubernetesVersion: '1.37' }])(
    'of Kubernetes 1.35 or later is refused under cgroup v1: %j',
    (asked) => {
      expect(problemOf({ ...facts, ...asked, cgroupVersion: 1 })).toMatchObject({
        code: 'RP1803',
        where: 'image' in asked ? 'node-image' : 'kubernetes-version',
        remedy: expect.stringContaining('1.34'),
      });
    },
  );

  it.each(['latest', '1', '1.34.3.1'])('version %j is refused', (kubernetesVersion) => {
    expect(problemOf({ ...facts, kubernetesVersion })).toMatchObject({
      code: 'RP1802',
      where: 'kubernetes-version',
    });
  });

  it('of a minor version nobody knows needs the whole version', () => {
    expect(problemOf({ ...facts, kubernetesVersion: '1.29' })).toMatchObject({
      code: 'RP1802',
      remedy: expect.stringContaining('whole version'),
    });
  });
});

function problemOf(asked: NodeImageFacts) {
  try {
    chooseNodeImage(asked);
  } catch (error) {
    if (error instanceof BadInputError) return error.problems[0];
    throw error;
  }
  return undefined;
}
