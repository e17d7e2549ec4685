import { describe, expect, it } from 'vitest';
import { BadInputError } from '../../src/model/problem.ts';
import type { KubeDeployment, KubePod } from '../../src/platform/kube-objects.ts';
import { environmentPatch, imagePatch, movePatch, restartPatch } from '../../src/rollout/template-patch.ts';

const metadata = { name: 'web', uid: 'u', resourceVersion: '1' };
const deployment: KubeDeployment = {
  metadata,
  spec: {
    selector: {},
    template: {
      spec: { containers: [{ name: 'app' }, { name: 'sidecar' }], initContainers: [{ name: 'migrate' }] },
    },
  },
};
const podOn = (nodeName: string): KubePod => ({ metadata, spec: { nodeName, containers: [] } });
const node = (name: string, schedulable = true) => ({
  name,
  address: '172.18.0.2',
  controlPlane: !schedulable,
  schedulable,
});

function problemOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    if (error instanceof BadInputError) return error.problems[0];
    throw error;
  }
  return undefined;
}

describe('the change that starts an update', () => {
  it('restart: is the annotation kubectl writes', () => {
    expect(restartPatch(new Date(0))).toEqual({
      metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '1970-01-01T00:00:00.000Z' } },
    });
  });

  it('image: is for the named container, an init container too', () => {
    expect(imagePatch(deployment, 'sidecar', 'x:2')).toEqual({
      spec: { containers: [{ name: 'sidecar', image: 'x:2' }] },
    });
    expect(imagePatch(deployment, 'migrate', 'x:2')).toEqual({
      spec: { initContainers: [{ name: 'migrate', image: 'x:2' }] },
    });
  });

  it('image: names the containers there are where the named one is none', () => {
    expect(problemOf(() => imagePatch(deployment, 'web', 'x:2'))).toMatchObject({
      code: 'RP1602',
      why: 'Its containers are app, sidecar, migrate.',
    });
  });

  it('env: is for every container', () => {
    expect(environmentPatch(deployment, 'A', '1')).toEqual({
      spec: {
        containers: [
          { name: 'app', env: [{ name: 'A', value: '1' }] },
          { name: 'sidecar', env: [{ name: 'A', value: '1' }] },
        ],
      },
    });
  });

  it('move: goes to a node without a pod, to a tainted one only where there is no other', () => {
    const nodes = [node('control-plane', false), node('one'), node('two')];
    expect(movePatch([podOn('one')], nodes)).toEqual({ spec: { nodeName: 'two' } });
    expect(movePatch([podOn('one'), podOn('two')], nodes)).toEqual({ spec: { nodeName: 'control-plane' } });
  });

  it('move: says how many nodes it takes where every node has a pod', () => {
    expect(problemOf(() => movePatch([podOn('one')], [node('one')]))).toMatchObject({
      code: 'RP1603',
      why: expect.stringContaining('1 node,'),
    });
  });
});
