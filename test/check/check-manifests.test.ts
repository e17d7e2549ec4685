import { describe, expect, it } from 'vitest';
import { checkManifests } from '../../src/check/check-manifests.ts';
import type { CheckSettings } from '../../src/check/rule.ts';
import { parseManifests } from '../../src/inputs/manifests/parse-manifests.ts';
import type { StaticFinding } from '../../src/model/static-finding.ts';

/** A Deployment that nothing is to be said about, and its Service. Lines of a test's own go where its name says. */
function app({
  spec = '  replicas: 2\n',
  pod = '',
  image = 'nginx:1.29',
  ports = '            - {name: http, containerPort: 8080}\n',
  readiness = '          readinessProbe:\n            httpGet:\n              path: /ready\n              port: http\n',
  hook = '          lifecycle:\n            preStop:\n              sleep:\n                seconds: 5\n',
  container = '',
  service = '  ports:\n    - port: 80\n      targetPort: http\n',
  labels = '{app: web}',
  more = '',
} = {}): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
${spec}  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: ${labels}
    spec:
${pod}      containers:
        - name: web
          image: ${image}
          ports:
${ports}${readiness}${hook}${container}---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
${service}${more}`;
}

function withoutContainers(inItsPlace: string): string {
  return app({ pod: '      restartPolicy: Always\n' }).replace(/ {6}containers:[\s\S]*?(?=---)/, inItsPlace);
}

function check(text: string, settings?: CheckSettings): readonly StaticFinding[] {
  return checkManifests(parseManifests({ file: 'app.yaml', text }), settings).findings;
}

/** `warning no-endpoints app.yaml:6` of each finding. */
function summary(text: string, settings?: CheckSettings): string[] {
  return check(text, settings).map(({ severity, cause, place }) => `${severity} ${cause} ${place.line}`);
}

describe('rollproof check', () => {
  it('has nothing to say about a Deployment that starts and ends in good order', () => {
    expect(check(app())).toEqual([]);
  });

  const cases: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
    ['no preStop hook', app({ hook: '' }), ['warning stops-before-endpoint-removal 14']],
    [
      'no preStop hook, and a program that waits by itself',
      app({ hook: '', container: '          args: [--shutdown-delay=10s]\n' }),
      ['info stops-before-endpoint-removal 14'],
    ],
    [
      'a hook that is too short',
      app({ hook: hook('sleep: {seconds: 1}') }),
      ['warning prestop-too-short 23'],
    ],
    [
      'a hook that does more than sleep for a moment',
      app({ hook: exec('["sh", "-c", "sleep 1; nginx -s quit"]') }),
      [],
    ],
    [
      'a hook as long as the grace period',
      app({ hook: hook('sleep: {seconds: 30}') }),
      ['error prestop-exceeds-grace 23'],
    ],
    [
      'a hook that sleeps past the grace period before it does anything else',
      app({ hook: exec('["sh", "-c", "sleep 61; nginx -s quit"]') }),
      ['error prestop-exceeds-grace 23'],
    ],
    [
      'a hook that leaves hardly anything of the grace period',
      app({ pod: '      terminationGracePeriodSeconds: 12\n', hook: hook('sleep: {seconds: 10}') }),
      ['warning grace-too-short 13'],
    ],
    [
      'no grace period',
      app({ pod: '      terminationGracePeriodSeconds: 0\n' }),
      ['error grace-too-short 13'],
    ],
    [
      'a shell hook in an image without one',
      app({ image: 'gcr.io/distroless/static:nonroot', hook: exec('["sh", "-c", "sleep 10"]') }),
      ['error prestop-cannot-run 23'],
    ],
    [
      'a shell hook in the debug variant',
      app({ image: 'gcr.io/distroless/static:debug', hook: exec('["sh", "-c", "sleep 10"]') }),
      [],
    ],
    ['a hook that is one word', app({ hook: exec('["sleep 10"]') }), ['error prestop-cannot-run 23']],
    [
      'a number behind the script instead of in it',
      app({ hook: exec('["sh", "-c", "sleep", "10"]') }),
      ['error prestop-cannot-run 23'],
    ],
    ['no readiness probe', app({ readiness: '' }), ['warning missing-readiness-probe 14']],
    [
      'a startup probe only',
      app({ readiness: '          startupProbe: {httpGet: {path: /, port: http}}\n' }),
      [],
    ],
    [
      'a readiness probe that only opens a connection',
      app({ readiness: '          readinessProbe: {tcpSocket: {port: http}}\n' }),
      ['info readiness-too-early 18'],
    ],
    [
      'a readiness probe of another port',
      app({ readiness: '          readinessProbe: {httpGet: {path: /, port: 9000}}\n' }),
      ['info readiness-too-early 18'],
    ],
    [
      'a readiness probe that gives up at once',
      app({ readiness: '          readinessProbe: {httpGet: {path: /, port: http}, failureThreshold: 1}\n' }),
      ['info readiness-flaps 18'],
    ],
    [
      'a hasty liveness probe that asks what readiness asks',
      app({
        container: '          livenessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 2}\n',
      }),
      ['warning container-restart 26'],
    ],
    [
      'a patient liveness probe that asks what readiness asks',
      app({
        container: '          livenessProbe: {httpGet: {path: /ready, port: http}, failureThreshold: 10}\n',
      }),
      [],
    ],
    [
      'a probe of a port name that is not there',
      app({ readiness: '          readinessProbe: {httpGet: {path: /, port: web}}\n' }),
      ['error port-mismatch 18'],
    ],
    ['Recreate', app({ spec: '  replicas: 2\n  strategy: {type: Recreate}\n' }), ['error no-endpoints 7']],
    [
      'maxUnavailable of all replicas',
      app({ spec: '  replicas: 3\n  strategy: {rollingUpdate: {maxUnavailable: 100%}}\n' }),
      ['warning no-endpoints 7'],
    ],
    [
      'maxUnavailable of all replicas, and nothing that keeps ending pods in service',
      app({ spec: '  replicas: 3\n  strategy: {rollingUpdate: {maxUnavailable: 100%}}\n', hook: '' }),
      ['error no-endpoints 7', 'warning stops-before-endpoint-removal 15'],
    ],
    [
      'one replica and no surge',
      app({ spec: '  strategy: {rollingUpdate: {maxSurge: 0}}\n' }),
      ['warning no-endpoints 6'],
    ],
    ['one replica and the default strategy', app({ spec: '' }), []],
    [
      'no surge, but replicas enough',
      app({ spec: '  replicas: 4\n  strategy: {rollingUpdate: {maxSurge: 0}}\n' }),
      [],
    ],
    [
      'a host port and surge',
      app({ ports: '            - {name: http, containerPort: 8080, hostPort: 80}\n' }),
      ['warning host-port-conflict 17'],
    ],
    [
      'a host port without surge',
      app({
        spec: '  replicas: 2\n  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}\n',
        ports: '            - {name: http, containerPort: 8080, hostPort: 80}\n',
      }),
      [],
    ],
    [
      'the host network and surge',
      app({ pod: '      hostNetwork: true\n' }),
      ['warning host-port-conflict 18'],
    ],
    ['a paused Deployment', app({ spec: '  replicas: 2\n  paused: true\n' }), ['error nothing-rolled 7']],
    [
      'a deadline that minReadySeconds outlasts',
      app({ spec: '  replicas: 2\n  minReadySeconds: 60\n  progressDeadlineSeconds: 30\n' }),
      ['error rollout-stalled 8'],
    ],
    [
      'a deadline before the first probe',
      app({
        spec: '  replicas: 2\n  progressDeadlineSeconds: 30\n',
        readiness: '          readinessProbe: {httpGet: {path: /, port: http}, initialDelaySeconds: 45}\n',
      }),
      ['warning rollout-stalled 7'],
    ],
    [
      'a pod template without containers, and not the port that it cannot have',
      withoutContainers(''),
      ['error no-endpoints 12'],
    ],
    [
      'a pod template with an empty list of containers',
      withoutContainers('      containers: []\n'),
      ['error no-endpoints 14'],
    ],
    ['containers that a template has still to write', withoutContainers('      containers: later\n'), []],
    [
      'a targetPort of no name',
      app({ service: '  ports: [{port: 80, targetPort: web}]\n' }),
      ['error port-mismatch 33'],
    ],
    [
      'a targetPort that no container declares',
      app({ service: '  ports: [{port: 80}]\n' }),
      ['warning port-mismatch 33'],
    ],
    [
      'a selector that misses by one label',
      app({ labels: '{app: web, tier: front}' }).replace(
        'selector: {app: web}\n',
        'selector: {app: web, tier: back}\n',
      ),
      ['warning selector-mismatch 32'],
    ],
    [
      'a Deployment that does not select its own pods',
      app({ labels: '{app: web, tier: front}' }).replace(
        'matchLabels: {app: web}',
        'matchLabels: {app: other}',
      ),
      ['error selector-mismatch 7'],
    ],
    [
      'externalTrafficPolicy Local',
      app({
        service:
          '  type: NodePort\n  externalTrafficPolicy: Local\n  ports: [{port: 80, targetPort: http}]\n',
      }),
      ['warning local-traffic-policy 34'],
    ],
    [
      'sessionAffinity',
      app({ service: '  sessionAffinity: ClientIP\n  ports: [{port: 80, targetPort: http}]\n' }),
      ['info session-affinity 33'],
    ],
    [
      'a shell that stays the first process',
      app({ container: '          command: ["sh", "-c", "migrate && node server.js"]\n' }),
      ['warning sigterm-ignored 26'],
    ],
    [
      'a shell with one command',
      app({ container: '          command: ["sh", "-c", "node server.js 2>&1"]\n' }),
      ['info sigterm-ignored 26'],
    ],
    [
      'a shell that becomes the server',
      app({ container: '          command: ["sh", "-c", "migrate && exec node server.js"]\n' }),
      [],
    ],
    [
      'a volume that one node has at a time',
      app({
        pod: '      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n',
        more: '---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce]}\n',
      }),
      ['warning rollout-stalled 13'],
    ],
    [
      'an Ingress towards a port that the Service does not have',
      app({
        more: `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
    - http:
        paths:
          - {path: /, backend: {service: {name: web, port: {number: 8080}}}}
`,
      }),
      ['error port-mismatch 44'],
    ],
    [
      'a worker that nobody sends requests to',
      app({ ports: '', readiness: '', hook: '' })
        .replace('          ports:\n', '')
        .replace(/---[\s\S]*/, ''),
      [],
    ],
  ];
  it.each(cases)('%s', (_what, text, expected) => {
    expect(summary(text)).toEqual(expected);
  });

  it('two Deployments behind one Service: one without its port gets requests in vain', () => {
    const worker = app({ ports: '            - {containerPort: 9000}\n', readiness: '' })
      .replace(/---[\s\S]*/, '')
      .replace('name: web', 'name: worker');
    const found = check(`${app()}---\n${worker}`);
    expect(found.filter(({ cause }) => cause === 'selector-mismatch')).toMatchObject([
      { severity: 'warning', object: { kind: 'Service', name: 'web' } },
    ]);
  });

  it('a Service whose pods come from elsewhere is not taken for one that misses', () => {
    const other = `---
apiVersion: v1
kind: Service
metadata: {name: db}
spec:
  selector: {app.kubernetes.io/part-of: shop, app.kubernetes.io/name: db, cluster: main}
  ports: [{port: 5432}]
`;
    const labels = '{app: web, app.kubernetes.io/part-of: shop}';
    expect(summary(app({ labels, more: other }))).toEqual([]);
  });

  it('a patch that lies beside the manifests is not taken for a Deployment', () => {
    const patch =
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, ports: [{containerPort: 80}]}]}}}\n';
    expect(check(patch)).toEqual([]);
  });

  it('several ports that nobody declares are one finding', () => {
    const service =
      '  ports: [{name: a, port: 1}, {name: b, port: 2}, {name: c, port: 80, targetPort: http}]\n';
    const [finding, ...others] = check(app({ service }));
    expect(others).toEqual([]);
    expect(finding?.text).toContain('port 1 to 1, port 2 to 2, which no container');
  });

  it('a Service in another file may be there: what would be an error is a warning then', () => {
    const alone = app({ spec: '  strategy: {type: Recreate}\n' }).replace(/---[\s\S]*/, '');
    expect(summary(alone)).toEqual(['warning no-endpoints 6']);
  });

  it('a metrics Service alone makes no server of a worker', () => {
    const text = app({
      spec: '  strategy: {type: Recreate}\n',
      hook: '',
      service: '  ports: [{name: metrics, port: 80, targetPort: http}]\n',
    });
    expect(summary(text)).toEqual([]);
  });

  it("an autoscaler's minimum is the number of replicas that counts", () => {
    const autoscaler = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 9}
`;
    const spec = '  replicas: 5\n  strategy: {rollingUpdate: {maxUnavailable: 1}}\n';
    expect(summary(app({ spec }))).toEqual([]);
    expect(summary(app({ spec, more: autoscaler }))).toEqual(['warning no-endpoints 7']);
  });

  it('says that a PodDisruptionBudget does not help against a strategy', () => {
    const more =
      '---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n';
    const [finding] = check(app({ spec: '  strategy: {type: Recreate}\n', more }));
    expect(finding?.text).toContain('PodDisruptionBudget web (app.yaml:37:1) does not prevent it');
  });

  it('counts on preStop.sleep only where the version has it', () => {
    expect(summary(app(), { kubernetesVersion: '1.29' })).toEqual(['error prestop-cannot-run 23']);
    expect(summary(app(), { kubernetesVersion: '1.34' })).toEqual([]);
    const [old] = check(app({ hook: '' }), { kubernetesVersion: '1.28.3' });
    expect(old?.suggestion?.yaml).toContain('    exec:');
  });

  it('proposes lines at their place, in the indentation of the file', () => {
    const [missing] = check(app({ hook: '' }));
    expect(missing?.suggestion?.diff).toEqual({
      place: { file: 'app.yaml', line: 14, column: 11 },
      lines: [
        '+          lifecycle:',
        '+            preStop:',
        '+              sleep:',
        '+                seconds: 5',
      ],
    });
    const [short] = check(
      app({
        hook: '          lifecycle:\n            preStop:\n              sleep:\n                seconds: 1\n',
      }),
    );
    expect(short?.suggestion?.diff?.lines).toEqual([
      '-                seconds: 1',
      '+                seconds: 5',
    ]);
  });

  it('proposes no place in a text that a tool rendered', () => {
    const renderedFrom = { file: 'kustomization.yaml', line: 1, column: 1 };
    const { findings } = checkManifests(parseManifests({ file: 'x', text: app({ hook: '' }), renderedFrom }));
    expect(findings.map(({ place, suggestion }) => [place, suggestion?.diff])).toEqual([
      [renderedFrom, undefined],
    ]);
  });

  it('names workloads behind a Service that no rule is about', () => {
    const { findings, notCovered } = checkManifests(
      parseManifests({ file: 'db.yaml', text: app().replace('kind: Deployment', 'kind: StatefulSet') }),
    );
    expect(findings).toEqual([]);
    expect(notCovered.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['StatefulSet web']);
  });

  it('names a Deployment of an API that is gone', () => {
    const { deployments, notCovered } = checkManifests(
      parseManifests({ file: 'old.yaml', text: app().replace('apps/v1', 'extensions/v1beta1') }),
    );
    expect([deployments, notCovered.map(({ kind, name }) => `${kind} ${name}`)]).toEqual([
      0,
      ['Deployment web'],
    ]);
  });
});

function hook(action: string): string {
  return `          lifecycle:\n            preStop: {${action}}\n`;
}

function exec(command: string): string {
  return hook(`exec: {command: ${command}}`);
}
