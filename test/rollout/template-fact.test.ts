import { describe, expect, it } from 'vitest';
import type { KubeContainer, KubeDeployment, KubeService } from '../../src/platform/kube-objects.ts';
import { faultOf } from '../../src/recording/entry-shape.ts';
import { templateFact } from '../../src/rollout/template-fact.ts';

const service: KubeService = {
  metadata: { name: 'web', uid: 'uid', resourceVersion: '1' },
  spec: { externalTrafficPolicy: 'Cluster', ports: [{ port: 80, targetPort: 'http' }] },
};

describe('what the template says', () => {
  it('has what starting and ending depends on, and names the container that serves', () => {
    const fact = factOf([
      { name: 'sidecar', ports: [{ containerPort: 9_000 }] },
      {
        name: 'web',
        ports: [{ name: 'http', containerPort: 8_080 }],
        lifecycle: { preStop: { sleep: { seconds: 5 } } },
        readinessProbe: { httpGet: { path: '/healthz' } },
      },
    ]);
    expect(fact).toMatchObject({
      gracePeriodSeconds: 30,
      hostNetwork: false,
      strategy: { type: 'RollingUpdate', maxSurge: '25%' },
      serving: 'web',
      service: { externalTrafficPolicy: 'Cluster', entryNode: 'worker' },
    });
    expect(fact.containers[1]).toEqual({
      name: 'web',
      ports: [{ name: 'http', containerPort: 8_080 }],
      preStop: { how: 'sleep', seconds: 5 },
      readiness: { how: 'http', path: '/healthz' },
    });
    expect(faultOf(fact)).toBeUndefined();
  });

  it.each([
    [['sleep', '10'], 10],
    [['/bin/sleep', '2.5'], 2.5],
    [['sh', '-c', 'sleep 10'], 10],
    [['/bin/bash', '-c', ' exec sleep 3s '], 3],
    [['sh', '-c', 'sleep 10 && nginx -s quit'], undefined],
    [['sh', '-c', 'sleep $DELAY'], undefined],
    [['nginx', '-s', 'quit'], undefined],
    [[], undefined],
  ] as const)('of the hook %j only how long it sleeps is kept: %s', (command, seconds) => {
    const [container] = factOf([{ name: 'web', lifecycle: { preStop: { exec: { command } } } }]).containers;
    expect(container?.preStop).toEqual({ how: 'exec', ...(seconds === undefined ? {} : { seconds }) });
    expect(JSON.stringify(container)).not.toContain('nginx');
  });
});

function factOf(containers: readonly KubeContainer[]) {
  const deployment: KubeDeployment = {
    metadata: { name: 'web', uid: 'uid', resourceVersion: '1' },
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } },
      selector: {},
      template: { spec: { containers } },
    },
  };
  const probed = { name: 'web', port: 80, entryNode: 'worker' };
  return templateFact({ deployment, templateHash: 'abc', atMs: 1, probed, service });
}
