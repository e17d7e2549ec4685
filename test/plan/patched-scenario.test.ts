import { describe, expect, it } from 'vitest';
import type { ManifestPatch } from '../../src/model/manifest-patch.ts';
import { property } from '../../src/model/plain-data.ts';
import type { PlannedScenario } from '../../src/model/plan.ts';
import { badTwin, patchedScenario, saysAlready } from '../../src/plan/patched-scenario.ts';
import { aScenario } from '../support/a-recording.ts';
import { manifestObject } from '../support/manifest-objects.ts';

const deployment = (...containers: readonly object[]) =>
  manifestObject({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { template: { spec: { containers } } },
  });
const service = manifestObject({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: {} });
const HOOK = { lifecycle: { preStop: { sleep: { seconds: 3 } } } };
const hook: ManifestPatch = {
  kind: 'Deployment',
  name: 'web',
  fields: { spec: { template: { spec: { containers: [{ name: 'web', ...HOOK }] } } } },
};
const planned = (parts: Partial<PlannedScenario>): PlannedScenario => ({
  scenario: aScenario(),
  repeat: 1,
  objects: [deployment({ name: 'web' }), service],
  ...parts,
});
const containers = (objects: PlannedScenario['objects'] | undefined) =>
  property(objects?.[0]?.content, 'spec', 'template', 'spec', 'containers');

describe('a scenario with changed manifests', () => {
  it('is changed in both of its states, and the one it was made from in neither', () => {
    const before = planned({ updatedObjects: [deployment({ name: 'web', image: 'web:2' }), service] });
    const after = patchedScenario(before, [hook]);
    expect(containers(after?.objects)).toEqual([{ name: 'web', ...HOOK }]);
    expect(containers(after?.updatedObjects)).toEqual([{ name: 'web', image: 'web:2', ...HOOK }]);
    expect(containers(before.objects)).toEqual([{ name: 'web' }]);
    expect(after?.objects[1]).toBe(service);
  });

  it('leaves a state alone that does not have the container, as long as the other has it', () => {
    const after = patchedScenario(planned({ updatedObjects: [deployment({ name: 'other' })] }), [hook]);
    expect(containers(after?.objects)).toEqual([{ name: 'web', ...HOOK }]);
    expect(containers(after?.updatedObjects)).toEqual([{ name: 'other' }]);
  });

  it('is none where the change fits no state: it would be the same run again', () => {
    expect(patchedScenario(planned({ objects: [deployment({ name: 'other' })] }), [hook])).toBeUndefined();
    expect(patchedScenario(planned({ objects: [service] }), [hook])).toBeUndefined();
  });
});

describe('a change that would be the same run again', () => {
  it('is one that each state of the manifests says already', () => {
    const hooked = deployment({ ...HOOK, name: 'web', image: 'web:1' });
    expect(saysAlready(planned({ objects: [hooked, service] }), [hook])).toBe(true);
    expect(saysAlready(planned({ objects: [hooked], updatedObjects: [hooked] }), [hook])).toBe(true);
    expect(saysAlready(planned({}), [hook])).toBe(false);
    const removed = planned({ objects: [hooked], updatedObjects: [deployment({ name: 'web' })] });
    expect(saysAlready(removed, [hook])).toBe(false);
  });
});

describe('the bad twin', () => {
  it('has no preStop hook in any container, and a second to end', () => {
    const scenario = planned({
      objects: [deployment({ name: 'proxy', ...HOOK }, { name: 'web' }, { name: 'log', ...HOOK })],
    });
    const patch = badTwin(scenario);
    const twin = patch && patchedScenario(scenario, [patch]);
    expect(property(twin?.objects[0]?.content, 'spec', 'template', 'spec')).toEqual({
      containers: [{ name: 'proxy', lifecycle: {} }, { name: 'web' }, { name: 'log', lifecycle: {} }],
      terminationGracePeriodSeconds: 1,
    });
  });

  it('is none of a Deployment that the manifests do not hold', () => {
    expect(badTwin(planned({ objects: [service] }))).toBeUndefined();
  });
});
