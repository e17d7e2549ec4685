import { describe, expect, it } from 'vitest';
import { property } from '../../src/model/plain-data.ts';
import type { PlannedScenario } from '../../src/model/plan.ts';
import { sequenceOfRun } from '../../src/model/sequence.ts';
import { numberedScenario } from '../../src/plan/numbered-scenario.ts';
import { aScenario } from '../support/a-recording.ts';
import { manifestObject } from '../support/manifest-objects.ts';

const containers = [
  {
    name: 'web',
    env: [
      { name: 'A', value: '$(N)' },
      { name: 'N', value: 'old' },
    ],
  },
  { name: 'sidecar' },
];
const { deployment, ...rest } = aScenario({
  update: { kind: 'sequence', name: 'N', ...sequenceOfRun(1) },
  expect: { statusFrom: 200, statusTo: 299, sequence: { path: '$.n', ...sequenceOfRun(1) } },
});
const planned: PlannedScenario = {
  scenario: { deployment, ...rest },
  repeat: 3,
  objects: [
    manifestObject({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: deployment },
      spec: { template: { spec: { containers } } },
    }),
  ],
};

describe('the numbers of a run', () => {
  it('go up from run to run, and none is used twice', () => {
    const all = [1, 2, 3].flatMap((run) => Object.values(sequenceOfRun(run)));
    expect(all).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('stand in every container before its own variables, in the update, and in what is expected', () => {
    const { scenario, objects } = numberedScenario(planned, 2);
    expect(property(objects[0]?.content, 'spec', 'template', 'spec', 'containers')).toEqual([
      {
        name: 'web',
        env: [
          { name: 'N', value: '3' },
          { name: 'A', value: '$(N)' },
        ],
      },
      { name: 'sidecar', env: [{ name: 'N', value: '3' }] },
    ]);
    expect(scenario.update).toEqual({ kind: 'sequence', name: 'N', from: 3, to: 4 });
    expect(scenario.expect.sequence).toEqual({ path: '$.n', from: 3, to: 4 });
  });

  it('change nothing of what was planned, and nothing of another update', () => {
    const before = JSON.stringify(planned.objects[0]?.content);
    numberedScenario(planned, 5);
    expect(JSON.stringify(planned.objects[0]?.content)).toBe(before);
    const restart = { ...planned, scenario: aScenario() };
    expect(numberedScenario(restart, 5)).toBe(restart);
  });
});
