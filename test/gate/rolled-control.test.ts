import { describe, expect, it } from 'vitest';
import { rolledControlScenario } from '../../src/gate/rolled-control.ts';
import type { Environment } from '../../src/model/recording.ts';
import type { Scenario } from '../../src/model/scenario.ts';
import { aScenario } from '../support/a-recording.ts';

const ENVIRONMENT: Environment = {
  cluster: 'kind',
  kubernetes: 'v1.34.3',
  cni: 'kindnet',
  kubeProxyMode: 'iptables',
  nodes: 2,
  platform: 'linux',
  node: 'v24',
};
const control = (
  scenario: Partial<Scenario> = {},
  environment: Partial<Environment> = {},
  coreDnsImage: string | undefined = 'coredns:1',
) =>
  rolledControlScenario(
    { scenario: aScenario(scenario), repeat: 3, objects: [], tryFixRuns: 3 },
    { ...(coreDnsImage && { coreDnsImage }), environment: { ...ENVIRONMENT, ...environment } },
    'node:24',
  );
const contents = (planned: ReturnType<typeof control>) =>
  JSON.stringify(planned?.objects.map((one) => one.content));

describe('the rolled control', () => {
  it('stands in the place of the workload: the same way in and the same rate, over new connections', () => {
    const planned = control({
      connection: 'slow',
      slow: { durationMs: 3_000 },
      protocol: 'h2',
      path: '/wait/{ms}',
      ratePerSecond: 70,
      target: 'cluster-ip',
      vantage: 'pod',
      update: { kind: 'image', container: 'web', image: 'web:2' },
    });
    expect(planned?.scenario).toMatchObject({
      ...{ name: 'new-connections', target: 'cluster-ip', vantage: 'pod', ratePerSecond: 70 },
      ...{ protocol: 'http', connection: 'new', path: '/health', update: { kind: 'restart' } },
      ...{ deployment: 'rollproof-rolled-control', service: 'rollproof-rolled-control' },
    });
    expect(planned?.scenario.slow).toBeUndefined();
    expect(planned?.repeat).toBe(1);
    expect(planned?.objects.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Service', 'Deployment']);
  });

  it('serves on for longer than nodes may send requests to an ending pod', () => {
    expect(contents(control())).toContain('lameduck 10s');
    expect(contents(control())).toContain('"terminationGracePeriodSeconds":30');
    expect(contents(control({}, { amplified: { propagationDelayMs: 4_500 } }))).toContain('lameduck 15s');
    expect(contents(control({}, {}, ''))).toContain("process.on('SIGTERM', () => setTimeout(");
  });

  it('is none where the way in has room for one app only', () => {
    expect(control({ target: 'host-port' })).toBeUndefined();
  });
});
