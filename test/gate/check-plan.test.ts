import { describe, expect, it } from 'vitest';
import { withStaticFindings } from '../../src/gate/check-plan.ts';
import { parseManifests } from '../../src/inputs/manifests/parse-manifests.ts';
import type { Plan, PlannedScenario } from '../../src/model/plan.ts';
import { aCluster } from '../support/a-cluster.ts';
import { aScenario } from '../support/a-recording.ts';

function web({
  strategy = 'RollingUpdate',
  name = 'web',
  hook = 'sleep: {seconds: 5}',
  file = 'web.yaml',
} = {}) {
  const text = `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  strategy: {type: ${strategy}}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
        - name: web
          ports: [{containerPort: 80}]
          lifecycle: {preStop: {${hook}}}
          readinessProbe: {httpGet: {path: /, port: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 80}]}
`;
  return parseManifests({ file, text });
}

function found(
  planned: Partial<PlannedScenario>,
  {
    cluster = {},
    check = true,
  }: { readonly cluster?: Partial<Plan['cluster']>; readonly check?: boolean } = {},
) {
  const { deployment, service, ...scenario } = aScenario();
  const plan: Plan = {
    cluster: { ...aCluster(), ...cluster },
    scenarios: [
      { scenario: { ...scenario, deployment: 'web', service: 'web' }, repeat: 1, objects: [], ...planned },
    ],
    report: { outputDir: 'out', comment: 'never', check, failOn: [] },
    assumed: [],
    warnings: [],
  };
  return withStaticFindings(plan).scenarios[0]?.staticFindings?.map(
    ({ cause, place }) => `${cause} ${place.file}:${place.line}`,
  );
}

describe('the check of a plan', () => {
  it('is about the Deployment and the Service that are probed, and no other', () => {
    const objects = [...web({ strategy: 'Recreate' }), ...web({ strategy: 'Recreate', name: 'other' })];
    expect(found({ objects })).toEqual(['no-endpoints web.yaml:5']);
  });

  it('is about the state that is the update, where there is one', () => {
    const updatedObjects = web({ strategy: 'Recreate', file: 'next.yaml' });
    expect(found({ objects: web(), updatedObjects })).toEqual(['no-endpoints next.yaml:5']);
    expect(found({ objects: web({ strategy: 'Recreate' }), updatedObjects: web() })).toEqual([]);
  });

  it('knows the version of the cluster that will be made', () => {
    const objects = web();
    const old = ['prestop-cannot-run web.yaml:13'];
    expect(found({ objects }, { cluster: { kubernetesVersion: '1.29' } })).toEqual(old);
    expect(found({ objects }, { cluster: { nodeImage: 'kindest/node:v1.29.14@sha256:ab' } })).toEqual(old);
    expect(found({ objects }, { cluster: { nodeImage: 'kindest/node:v1.34.0' } })).toEqual([]);
  });

  it('is left out where nobody wants it', () => {
    expect(found({ objects: web({ strategy: 'Recreate' }) }, { check: false })).toBeUndefined();
  });
});
