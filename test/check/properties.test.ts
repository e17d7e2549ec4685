import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkManifests } from '../../src/check/check-manifests.ts';
import { parseManifests } from '../../src/inputs/manifests/parse-manifests.ts';
import { CAUSES } from '../../src/model/finding.ts';
import { renderStaticJson, renderStaticText } from '../../src/report/static-findings.ts';
import { propertyRuns } from '../support/property-runs.ts';

/** What stands where a field is expected: mostly what belongs there, now and then anything. */
function mostly(usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) });
}

function record(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  const all = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, mostly(value)]));
  return mostly(fc.record(all, { requiredKeys: [] }));
}

const number = fc.integer({ min: -1, max: 100 });
const port = fc.constantFrom<unknown>('http', 'web', 80, 8080, '8080', 0);
const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('web', 'db'), { maxKeys: 2 });
const command = fc.array(
  fc.constantFrom('sh', '/bin/sh', '-c', 'sleep', 'sleep 5', '10', 'exec a', 'a && b;', ' ', '"', '\\\n'),
  { maxLength: 4 },
);
const probe = record({
  httpGet: record({ path: fc.constant('/'), port }),
  tcpSocket: record({ port }),
  exec: record({ command }),
  initialDelaySeconds: number,
  periodSeconds: number,
  failureThreshold: number,
});
const container = record({
  name: fc.constantFrom('web', 'sidecar'),
  image: fc.constantFrom('nginx', 'gcr.io/distroless/static', ':', '@', 'scratch'),
  command,
  args: command,
  env: fc.array(record({ name: fc.constantFrom('DRAIN_DELAY', 'PORT') }), { maxLength: 2 }),
  ports: fc.array(record({ name: fc.constantFrom('http', 'metrics'), containerPort: port, hostPort: port }), {
    maxLength: 3,
  }),
  lifecycle: record({ preStop: record({ exec: record({ command }), sleep: record({ seconds: number }) }) }),
  readinessProbe: probe,
  livenessProbe: probe,
  startupProbe: probe,
});
const selector = record({ matchLabels: labels });
const podSpec = record({
  containers: fc.array(container, { maxLength: 3 }),
  initContainers: fc.array(container, { maxLength: 1 }),
  hostNetwork: fc.boolean(),
  shareProcessNamespace: fc.boolean(),
  terminationGracePeriodSeconds: number,
  volumes: fc.array(record({ persistentVolumeClaim: record({ claimName: fc.constant('data') }) }), {
    maxLength: 2,
  }),
  affinity: record({
    podAntiAffinity: record({
      requiredDuringSchedulingIgnoredDuringExecution: fc.array(
        record({ topologyKey: fc.constant('kubernetes.io/hostname'), labelSelector: selector }),
        { maxLength: 2 },
      ),
    }),
  }),
});
const amount = fc.constantFrom<unknown>(0, 1, '25%', '100%', '1', '%', 1e9);
const workload = record({
  replicas: number,
  paused: fc.boolean(),
  minReadySeconds: number,
  progressDeadlineSeconds: number,
  selector,
  strategy: record({
    type: fc.constantFrom('Recreate', 'RollingUpdate'),
    rollingUpdate: record({ maxSurge: amount, maxUnavailable: amount }),
  }),
  template: record({ metadata: record({ labels }), spec: podSpec }),
});
const service = record({
  type: fc.constantFrom('ClusterIP', 'NodePort', 'ExternalName'),
  selector: labels,
  externalTrafficPolicy: fc.constant('Local'),
  sessionAffinity: fc.constant('ClientIP'),
  ports: fc.array(record({ name: fc.constantFrom('http', 'metrics'), port, targetPort: port }), {
    maxLength: 3,
  }),
});
const other = record({
  accessModes: fc.array(fc.constantFrom('ReadWriteOnce', 'ReadWriteOncePod'), { maxLength: 2 }),
  selector,
  minReplicas: number,
  scaleTargetRef: record({ kind: fc.constant('Deployment'), name: fc.constant('web') }),
  defaultBackend: record({ service: record({ name: fc.constant('web'), port: record({ number: port }) }) }),
  rules: fc.array(
    record({ http: record({ paths: fc.array(record({ backend: other2() }), { maxLength: 2 }) }) }),
    {
      maxLength: 2,
    },
  ),
});

function other2() {
  return record({ service: record({ name: fc.constant('web'), port: record({ name: port }) }) });
}

const object = fc.oneof(
  of('apps/v1', ['Deployment', 'Deployment', 'StatefulSet'], workload),
  of('v1', ['Service'], service),
  of('v1', ['PersistentVolumeClaim'], other),
  of('autoscaling/v2', ['HorizontalPodAutoscaler'], other),
  of('policy/v1', ['PodDisruptionBudget'], other),
  of('networking.k8s.io/v1', ['Ingress'], other),
);

function of(apiVersion: string, kinds: readonly string[], spec: fc.Arbitrary<unknown>) {
  return fc.record({
    apiVersion: fc.constant(apiVersion),
    kind: fc.constantFrom(...kinds),
    metadata: fc.record(
      { name: fc.constantFrom('web', 'data', 'db'), namespace: fc.constantFrom('a', 'b') },
      { requiredKeys: ['name'] },
    ),
    spec,
  });
}

describe('rules over manifests of any shape', () => {
  it('say something at a place within the file or nothing, and never fail', () => {
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 6 }), fc.boolean(), (objects, pretty) => {
        // A key that the reader refuses before any rule could see it.
        const text = JSON.stringify(
          { kind: 'List', items: objects },
          undefined,
          pretty ? 2 : undefined,
        ).replaceAll('__proto__', 'prototype');
        const lines = text.split('\n');
        const result = checkManifests(parseManifests({ file: 'any.json', text }));
        for (const { cause, place, suggestion, text: said } of result.findings) {
          expect(Object.keys(CAUSES)).toContain(cause);
          expect(said).not.toMatch(/undefined|NaN|\[object/);
          for (const { file, line, column } of [place, suggestion?.diff?.place ?? place]) {
            expect(file).toBe('any.json');
            expect(line).toBeLessThanOrEqual(lines.length);
            expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length);
          }
        }
        const report = { rollproof: '0', ...result };
        expect(JSON.parse(renderStaticJson(report)).findings).toHaveLength(result.findings.length);
        expect(renderStaticText(report, { colours: false })).not.toContain('\u001b');
      }),
      propertyRuns(125),
    );
  });
});
