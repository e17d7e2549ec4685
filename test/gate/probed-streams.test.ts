import { describe, expect, it } from 'vitest';
import { probedStreams } from '../../src/gate/probed-streams.ts';
import type { Scenario } from '../../src/model/scenario.ts';
import { aResult } from '../support/a-result.ts';

describe('the streams of a run', () => {
  it('are as precise as the scenario asks for where requests are judged, and cheap while the Service is waited for', () => {
    const [row] = aResult([{ scenario: { pacing: 'precise' } }]).result.scenarios;
    const scenario = row?.scenario as Scenario;
    const target = { address: '10.0.0.1', port: 80, portName: '', service: 'web', notes: [] };
    const steady = { address: '10.0.0.2', port: 80, portName: '', path: '/', service: 'steady', notes: [] };
    const pacings = (of: Scenario) =>
      probedStreams(of, target, steady).map(({ spec }) => `${spec.id} ${spec.pacing ?? 'economy'}`);
    expect(pacings(scenario)).toEqual([
      'target precise',
      'steady economy',
      'warm-up economy',
      'warm-up-steady economy',
    ]);
    const { pacing: _, ...usual } = scenario;
    expect(pacings(usual).every((pacing) => pacing.endsWith(' economy'))).toBe(true);
  });
});
