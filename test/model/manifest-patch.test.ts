import { describe, expect, it } from 'vitest';
import { joinedPatches, type ManifestPatch, patchedContent } from '../../src/model/manifest-patch.ts';

const deployment = (fields: object): ManifestPatch => ({
  kind: 'Deployment',
  name: 'web',
  fields: { spec: fields },
});

describe('a patch', () => {
  const content = {
    spec: {
      replicas: 2,
      containers: [
        { name: 'proxy', image: 'envoy' },
        { name: 'web', image: 'nginx', lifecycle: { preStop: { exec: { command: ['sleep', '1'] } } } },
      ],
    },
  };

  it('merges maps, finds containers by name, and takes away what is null', () => {
    const preStop = { exec: null, sleep: { seconds: 3 } };
    const patched = patchedContent(content, {
      spec: { containers: [{ name: 'web', lifecycle: { preStop } }] },
    });
    expect(patched).toEqual({
      spec: {
        replicas: 2,
        containers: [
          { name: 'proxy', image: 'envoy' },
          { name: 'web', image: 'nginx', lifecycle: { preStop: { sleep: { seconds: 3 } } } },
        ],
      },
    });
  });

  it('leaves what it was made from as it was', () => {
    const before = structuredClone(content);
    patchedContent(content, { spec: { replicas: null, containers: [{ name: 'web', image: null }] } });
    expect(content).toEqual(before);
  });

  it('makes the maps that are missing on its way', () => {
    expect(patchedContent({}, { spec: { strategy: { rollingUpdate: { maxSurge: 1 } } } })).toEqual({
      spec: { strategy: { rollingUpdate: { maxSurge: 1 } } },
    });
  });

  it('does not fit a manifest without the container that it names', () => {
    expect(
      patchedContent(content, { spec: { containers: [{ name: 'other', image: 'x' }] } }),
    ).toBeUndefined();
    expect(patchedContent({}, { spec: { containers: [{ name: 'web', image: 'x' }] } })).toBeUndefined();
  });

  it('replaces lists whose items have no key', () => {
    expect(patchedContent({ command: ['a', 'b'] }, { command: ['c'] })).toEqual({ command: ['c'] });
  });
});

describe('several patches', () => {
  it('are one for each object, with the larger of two numbers, whatever the order', () => {
    const hook = (seconds: number) =>
      deployment({ containers: [{ name: 'web', lifecycle: { preStop: { sleep: { seconds } } } }] });
    const grace = deployment({ terminationGracePeriodSeconds: 40 });
    const service: ManifestPatch = {
      kind: 'Service',
      name: 'web',
      fields: { spec: { externalTrafficPolicy: 'Cluster' } },
    };
    const joined = [
      deployment({
        containers: [{ name: 'web', lifecycle: { preStop: { sleep: { seconds: 5 } } } }],
        terminationGracePeriodSeconds: 40,
      }),
      service,
    ];
    expect(joinedPatches([hook(3), grace, service, hook(5)])).toEqual(joined);
    expect(joinedPatches([hook(5), grace, service, hook(3)])).toEqual(joined);
  });

  it('keep what they say about different containers', () => {
    const joined = joinedPatches([
      deployment({ containers: [{ name: 'a', x: 1 }] }),
      deployment({ containers: [{ name: 'b', x: 2 }] }),
    ]);
    expect(joined).toEqual([
      deployment({
        containers: [
          { name: 'a', x: 1 },
          { name: 'b', x: 2 },
        ],
      }),
    ]);
  });
});
