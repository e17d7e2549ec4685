import { describe, expect, it } from 'vitest';
import type { MachineLimits } from '../../src/model/machine-limits.ts';
import type { ManifestObject } from '../../src/model/manifest.ts';
import type { PlannedScenario } from '../../src/model/plan.ts';
import type { Scenario } from '../../src/model/scenario.ts';
import type { ClusterSettings, Settings } from '../../src/model/settings.ts';
import { roundsOf } from '../../src/plan/rounds.ts';
import { aCluster } from '../support/a-cluster.ts';
import { aScenario } from '../support/a-recording.ts';
import { manifestObject } from '../support/manifest-objects.ts';

const object = (apiVersion: string, kind: string, spec: object = {}) =>
  manifestObject({ apiVersion, kind, metadata: { name: 'web' }, spec });
const deployment = (podSpec: object = {}) =>
  object('apps/v1', 'Deployment', { template: { spec: { containers: [{ name: 'web' }], ...podSpec } } });
const service = (spec: object = {}) => object('v1', 'Service', { ports: [{ port: 80 }], ...spec });

function planned(
  scenario: Partial<Scenario> = {},
  more: Partial<PlannedScenario> = {},
  objects: readonly ManifestObject[] = [deployment(), service()],
): PlannedScenario {
  return { scenario: aScenario(scenario), repeat: 1, objects, ...more };
}

const MANY: MachineLimits = { processors: 16, trackableConnections: 1e6 };
const rounds = (
  scenarios: readonly PlannedScenario[],
  parallel: Settings['parallel'] = 4,
  machine = MANY,
  cluster: Partial<ClusterSettings> = {},
) => roundsOf(scenarios, { parallel, cluster: { ...aCluster(), ...cluster } }, machine);
/** Two kept-alive ones and what is asked about: what it is alone for. */
const aloneFor = (odd: PlannedScenario) =>
  rounds([planned(KEPT), odd, planned(KEPT)]).find(({ scenarios }) => scenarios.includes(1))?.alone;
const KEPT = { connection: 'keep-alive' } as const;

describe('which scenarios run at the same time', () => {
  it('is as many as are allowed, in the order of the plan', () => {
    expect(
      rounds(
        [1, 2, 3, 4, 5].map(() => planned(KEPT)),
        2,
      ),
    ).toEqual([
      { scenarios: [0, 1] },
      { scenarios: [2, 3] },
      { scenarios: [4], alone: 'no other is left that could run beside it' },
    ]);
  });

  it('leaves one alone that reaches beyond its namespace, and puts those around it together', () => {
    const command = planned({ update: { kind: 'command', command: 'kubectl drain worker' } });
    expect(rounds([planned(KEPT), command, planned(KEPT)])).toEqual([
      { scenarios: [0, 2] },
      { scenarios: [1], alone: 'its update is a command, which may change anything' },
    ]);
  });

  it.each([
    ['Deployment web uses the network of its nodes', deployment({ hostNetwork: true })],
    ['Deployment web sees the processes of its nodes', deployment({ hostPID: true })],
    [
      'Deployment web takes a port of its nodes',
      deployment({ containers: [{ name: 'web', ports: [{ containerPort: 80, hostPort: 80 }] }] }),
    ],
    [
      'Deployment web has the rights of its nodes',
      deployment({ initContainers: [{ name: 'init', securityContext: { privileged: true } }] }),
    ],
    [
      'Deployment web uses files of its nodes',
      deployment({ volumes: [{ name: 'v', hostPath: { path: '/v' } }] }),
    ],
    [
      'Deployment web has a priority, by which it may displace others',
      deployment({ priorityClassName: 'system-node-critical' }),
    ],
    ['Service web asks for a fixed node port', service({ ports: [{ port: 80, nodePort: 30_080 }] })],
    ['Service web asks for a fixed cluster IP', service({ clusterIP: '10.96.0.80' })],
    ['Service web asks for external addresses', service({ externalIPs: ['192.0.2.1'] })],
    ['ClusterRole web may be in no namespace', object('rbac.authorization.k8s.io/v1', 'ClusterRole')],
    ['Widget web may be in no namespace', object('example.org/v1', 'Widget')],
    ['Deployment web may be in no namespace', object('example.org/v1', 'Deployment')],
    [
      'CronJob web uses the network of its nodes',
      object('batch/v1', 'CronJob', { jobTemplate: { spec: { template: { spec: { hostNetwork: true } } } } }),
    ],
  ])('leaves alone: %s', (why, odd) => {
    expect(aloneFor(planned(KEPT, {}, [deployment(), service(), odd]))).toBe(why);
    expect(aloneFor(planned(KEPT, { updatedObjects: [odd] }))).toBe(why);
  });

  it.each([
    object('v1', 'ConfigMap'),
    object('v1', 'Namespace'),
    object('rbac.authorization.k8s.io/v1', 'RoleBinding'),
    service({ clusterIP: 'None' }),
    deployment({ containers: [{ name: 'web', ports: [{ containerPort: 80 }] }] }),
    object('v1', 'ConfigMap', {}),
  ])('puts together what stays in its namespace: $kind', (ordinary) => {
    expect(aloneFor(planned(KEPT, {}, [deployment(), service(), ordinary]))).toBeUndefined();
  });

  it.each([
    ['its trials are compared with its runs', {}, { sensitivity: true }],
    ['its trials are compared with its runs', {}, { tryFixRuns: 3 }],
    ['it is probed at a port of its node', { target: 'host-port' }, {}],
  ] as const)('leaves alone: %s', (why, scenario, more) => {
    expect(aloneFor(planned({ ...KEPT, ...scenario }, more))).toBe(why);
  });

  it('is each alone on a cluster that was made worse on purpose', () => {
    const all = rounds([planned(KEPT), planned(KEPT)], 4, MANY, { amplify: { busyProcesses: 1 } });
    expect(all.map(({ scenarios }) => scenarios)).toEqual([[0], [1]]);
    expect(all[0]?.alone).toContain('made worse on purpose');
  });
});

describe('what scenarios that run at the same time need', () => {
  it('is room in connection tracking for all of them', () => {
    const two = [planned(), planned()];
    expect(rounds(two, 2, { ...MANY, trackableConnections: 48_000 })).toHaveLength(1);
    const short = rounds(two, 2, { ...MANY, trackableConnections: 47_999 });
    expect(short).toHaveLength(2);
    expect(short[0]?.alone).toBe('there is too little room in connection tracking for another beside it');
  });

  it('leaves a prober with precise pacing a processor of its own', () => {
    const three = [{}, {}, {}].map(() => planned({ ...KEPT, pacing: 'precise' }));
    const sizes = (processors: number) =>
      rounds(three, 4, { processors }).map(({ scenarios }) => scenarios.length);
    expect(sizes(2)).toEqual([1, 1, 1]);
    expect(sizes(3)).toEqual([2, 1]);
    expect(sizes(4)).toEqual([3]);
  });

  it('is, by itself, processors for rollouts, probers and the cluster; a number that was given has to leave probers theirs', () => {
    const sizes = (parallel: Settings['parallel'], processors: number | undefined, ratePerSecond = 100) =>
      rounds(
        Array.from({ length: 6 }, () => planned({ ...KEPT, ratePerSecond })),
        parallel,
        processors === undefined ? {} : { processors },
      ).map(({ scenarios }) => scenarios.length);
    expect(sizes('auto', 2)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(sizes('auto', 4)).toEqual([4, 2]);
    expect(sizes('auto', 64)).toEqual([4, 2]);
    expect(sizes('auto', undefined)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(sizes(2, 2)).toEqual([2, 2, 2]);
    expect(sizes(2, undefined)).toEqual([2, 2, 2]);
    expect(sizes(6, 2, 800)).toEqual([2, 2, 2]);
    expect(sizes(6, 2, 2_000)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(sizes(6, 1)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('is not known of the nodes of an existing cluster: there only a number counts', () => {
    const two = [planned(KEPT), planned(KEPT)];
    expect(rounds(two, 'auto', {}, { provider: 'existing' })).toHaveLength(2);
    expect(rounds(two, 2, {}, { provider: 'existing' })).toHaveLength(1);
  });
});
