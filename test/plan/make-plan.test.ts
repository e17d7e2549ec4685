import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseManifests } from '../../src/inputs/manifests/parse-manifests.ts';
import type { MachineLimits } from '../../src/model/machine-limits.ts';
import type { ManifestObject } from '../../src/model/manifest.ts';
import type { Plan, ScenarioManifests } from '../../src/model/plan.ts';
import type { ClusterSettings, ScenarioSettings, SettingPlaces } from '../../src/model/settings.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { aCluster } from '../support/a-cluster.ts';
import { codesAndPlaces, problemsOf } from '../support/problems.ts';

const SCENARIO: ScenarioSettings = {
  name: 'new connections',
  manifests: ['app.yaml'],
  protocol: 'http',
  connection: 'new',
  update: { kind: 'restart' },
  ratePerSecond: 100,
  connections: 10,
  deadlineMs: 5000,
  baselineMs: 5000,
  tailMs: 5000,
  rolloutDeadlineMs: 300_000,
  repeat: 1,
  expect: { statusFrom: 200, statusTo: 399 },
};

interface Case {
  readonly app: string;
  readonly updated?: string;
  readonly scenario?: Partial<ScenarioSettings>;
  readonly cluster?: Partial<ClusterSettings>;
  readonly machine?: MachineLimits;
  readonly places?: SettingPlaces;
}

function objects(text: string, file = 'app.yaml'): readonly ManifestObject[] {
  return parseManifests({ file, text });
}

function plan({ app, updated, scenario, cluster, machine, places }: Case): Plan {
  const manifests: ScenarioManifests = {
    objects: objects(app),
    ...(updated === undefined ? {} : { updatedObjects: objects(updated, 'next.yaml') }),
  };
  const settings = {
    cluster: { ...aCluster(), ...cluster },
    scenarios: [{ ...SCENARIO, ...scenario }],
    parallel: 1,
    report: { outputDir: 'out', comment: 'always', check: true, failOn: [] },
  } as const;
  return makePlan(settings, [manifests], machine, places && [places]);
}

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: nginx:1.22
          ports:
            - {name: http, containerPort: 8080}
          readinessProbe:
            httpGet: {path: /ready, port: http}
`;
const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
    - {port: 80, targetPort: http}
`;
/** The Deployment is in lines 1 to 19, the Service in lines 21 to 28. */
const APP = `${DEPLOYMENT}---\n${SERVICE}`;
const named = (text: string, name: string) => text.replace('name: web\n', `name: ${name}\n`);
const labelled = (text: string, label: string) => text.replaceAll('app: web}', `app: ${label}}`);

describe('a plan', () => {
  it('goes on probing for longer than an amplified delay lasts, and says so', () => {
    const slow = { propagationDelayMs: 6_000 };
    const { scenarios, assumed } = plan({ app: APP, cluster: { amplify: slow } });
    expect(scenarios[0]?.scenario.tailMs).toBe(8_000);
    expect(assumed).toContain('tail 8 s (longer than amplify-propagation-delay)');
    const long = plan({ app: APP, cluster: { amplify: slow }, scenario: { tailMs: 9_000 } });
    expect(long.scenarios[0]?.scenario.tailMs).toBe(9_000);
  });

  it('probes the baseline for two rests of connections that rest, and says so', () => {
    const rest = { connection: 'idle-reuse', connections: 600, idleMs: 5_000 } as const;
    const { scenarios, assumed } = plan({ app: APP, scenario: rest });
    expect(scenarios[0]?.scenario).toMatchObject({ ...rest, baselineMs: 12_000 });
    expect(assumed).toContain('baseline 12 s (connections rest 5 s between requests)');
    const long = plan({ app: APP, scenario: { ...rest, baselineMs: 20_000 } });
    expect(long.scenarios[0]?.scenario.baselineMs).toBe(20_000);
  });

  it('keeps the place for the duration in the path of slow requests, or has a header for it', () => {
    const inPath = { connection: 'slow', slow: { durationMs: 3_000 }, path: '/sleep?s={seconds}' } as const;
    expect(plan({ app: APP, scenario: inPath }).scenarios[0]?.scenario).toMatchObject(inPath);
    const inHeader = { connection: 'slow', slow: { durationMs: 3_000, header: 'X-Delay' } } as const;
    expect(plan({ app: APP, scenario: inHeader }).scenarios[0]?.scenario).toMatchObject({
      ...inHeader,
      path: '/ready',
    });
  });

  it('keeps the pacing that was asked for, and refuses precision that the only processor would be busy with', () => {
    const precise = { app: APP, scenario: { pacing: 'precise' } } as const;
    expect(plan(precise).scenarios[0]?.scenario.pacing).toBe('precise');
    expect(plan({ ...precise, machine: { processors: 2 } }).scenarios[0]?.scenario.pacing).toBe('precise');
    expect(() => plan({ ...precise, machine: { processors: 1 } })).toThrow('precise pacing');
    // Its probers stand elsewhere.
    const elsewhere = { provider: 'existing', context: 'staging' } as const;
    expect(() => plan({ ...precise, machine: { processors: 1 }, cluster: elsewhere })).not.toThrow();
    expect(() => plan({ app: APP, machine: { processors: 1 } })).not.toThrow();
  });

  it('infers everything from an ordinary Deployment and Service, and tells what it assumed', () => {
    const { scenarios, assumed, warnings } = plan({ app: APP });
    expect(scenarios[0]?.scenario).toEqual({
      name: 'new connections',
      protocol: 'http',
      connection: 'new',
      vantage: 'pod',
      target: 'cluster-ip',
      deployment: 'web',
      service: 'web',
      servicePort: 80,
      path: '/ready',
      update: { kind: 'restart' },
      ratePerSecond: 100,
      connections: 10,
      deadlineMs: 5000,
      baselineMs: 5000,
      tailMs: 5000,
      rolloutDeadlineMs: 300_000,
      expect: { statusFrom: 200, statusTo: 399 },
    });
    expect(assumed).toEqual([
      'deployment web (the only one)',
      'service web (it selects the pods of web)',
      'port 80 (the only TCP port of service web)',
      'vantage pod, towards the cluster IP (service web is of type ClusterIP)',
      "path /ready (the readiness probe's)",
    ]);
    expect(warnings).toEqual([]);
  });

  it.each([
    'examples/demo/with-prestop.yaml',
    'examples/seamless/host-network.yaml',
    'test/e2e/apps/known-bad.yaml',
  ])('needs no settings for %s', (file) => {
    expect(plan({ app: readFileSync(file, 'utf8') }).scenarios).toHaveLength(1);
  });

  it.each([
    ['examples/connections/echo.yaml', 'tcp', 5003],
    ['examples/protocols/grpc.yaml', 'grpc', 5000],
    ['examples/protocols/h2.yaml', 'h2', 8080],
    ['examples/protocols/websocket.yaml', 'websocket', 8080],
    ['examples/protocols/udp.yaml', 'udp', 8081],
  ] as const)('needs no settings but the protocol for %s', (file, protocol, servicePort) => {
    const { scenarios } = plan({ app: readFileSync(file, 'utf8'), scenario: { protocol } });
    expect(scenarios.map(({ scenario }) => scenario.servicePort)).toEqual([servicePort]);
  });

  it('takes the only Deployment behind a Service', () => {
    const worker = labelled(named(DEPLOYMENT, 'worker'), 'worker');
    const { scenarios, assumed } = plan({ app: `${worker}---\n${APP}` });
    expect(scenarios[0]?.scenario.deployment).toBe('web');
    expect(assumed[0]).toBe('deployment web (the only one behind a Service)');
  });

  it('takes the Deployment behind the Service that is named', () => {
    const other = labelled(named(APP, 'api'), 'api').replace(
      'name: web\nspec:\n  selector',
      'name: api\nspec:\n  selector',
    );
    const { scenarios } = plan({ app: `${other}---\n${APP}`, scenario: { target: 'service/api' } });
    expect(scenarios[0]?.scenario).toMatchObject({ deployment: 'api', service: 'api' });
  });

  it.each([
    [
      'a Service of type NodePort',
      APP.replace('spec:\n  selector: {app: web}', 'spec:\n  type: NodePort\n  selector: {app: web}'),
      {},
      'runner node-port',
    ],
    [
      'a Service of type LoadBalancer',
      APP.replace('spec:\n  selector: {app: web}', 'spec:\n  type: LoadBalancer\n  selector: {app: web}'),
      {},
      'runner node-port',
    ],
    ['a Service of type ClusterIP', APP, {}, 'pod cluster-ip'],
    ['vantage runner', APP, { vantage: 'runner' }, 'runner node-port'],
    ['vantage pod', APP, { vantage: 'pod' }, 'pod cluster-ip'],
    ['#node-port', APP, { target: 'service/web#node-port' }, 'runner node-port'],
    ['#node-port from a pod', APP, { target: 'web#node-port', vantage: 'pod' }, 'pod node-port'],
    ['#cluster-ip', APP, { target: 'web:http#cluster-ip' }, 'pod cluster-ip'],
    [
      '#host-port',
      APP.replace('spec:\n      containers', 'spec:\n      hostNetwork: true\n      containers'),
      { target: 'web#host-port' },
      'pod host-port',
    ],
    [
      '#host-port with a hostPort',
      APP.replace('containerPort: 8080', 'containerPort: 8080, hostPort: 80'),
      { target: 'web#host-port' },
      'pod host-port',
    ],
  ] as const)('goes in by what was said or by the type of the Service: %s', (_, app, scenario, expected) => {
    const withPort = app.replace('{port: 80,', '{name: http, port: 80,');
    const [planned] = plan({ app: withPort, scenario }).scenarios;
    expect(`${planned?.scenario.vantage} ${planned?.scenario.target}`).toBe(expected);
  });

  it('stands in a pod of an existing cluster, whose nodes may be out of reach', () => {
    const app = APP.replace(
      'spec:\n  selector: {app: web}',
      'spec:\n  type: NodePort\n  selector: {app: web}',
    );
    const [planned] = plan({ app, cluster: { provider: 'existing' } }).scenarios;
    expect(planned?.scenario).toMatchObject({ vantage: 'pod', target: 'cluster-ip' });
  });

  const PORTS = '    - {port: 80, targetPort: http}\n';
  it.each([
    [
      'the one the readiness probe asks',
      '    - {name: admin, port: 9000}\n    - {name: main, port: 81, targetPort: 8080}\n',
      undefined,
      81,
    ],
    ['the one named http', '    - {name: a, port: 1}\n    - {name: http, port: 2}\n', undefined, 2],
    [
      'the only TCP port',
      '    - {name: dns, port: 53, protocol: UDP}\n    - {name: x, port: 54}\n',
      undefined,
      54,
    ],
    ['the one said by number', '    - {name: a, port: 1}\n    - {name: b, port: 2}\n', 'service/web:2', 2],
    ['the one said by name', '    - {name: a, port: 1}\n    - {name: b, port: 2}\n', 'service/web:b', 2],
  ])('chooses a port: %s', (_, ports, target, expected) => {
    const [planned] = plan({ app: APP.replace(PORTS, ports), scenario: target ? { target } : {} }).scenarios;
    expect(planned?.scenario.servicePort).toBe(expected);
  });

  it.each([
    ['the given one', APP, { path: '/x?a=1' }, '/x?a=1'],
    ["the readiness probe's", APP, {}, '/ready'],
    ["the readiness probe's, which needs no slash", APP.replace('path: /ready', 'path: ready'), {}, '/ready'],
    ['the root where the probe asks another port', APP.replace('port: http}', 'port: 9999}'), {}, '/'],
    ['the root where there is no probe', APP.replace(/ {10}readinessProbe:\n.*\n/, ''), {}, '/'],
  ])('chooses a path: %s', (_, app, scenario, expected) => {
    expect(plan({ app, scenario }).scenarios[0]?.scenario.path).toBe(expected);
  });

  it.each([
    ['the health check', {}, '/grpc.health.v1.Health/Check'],
    ['the given one', { path: '/shop.v1.Orders/List' }, '/shop.v1.Orders/List'],
  ])('chooses a method of gRPC: %s', (_, scenario, expected) => {
    const { scenarios } = plan({ app: APP, scenario: { protocol: 'grpc', ...scenario } });
    expect(scenarios[0]?.scenario.path).toBe(expected);
  });

  it('chooses the UDP port for UDP, although a TCP port has the same number', () => {
    const ports = '    - {name: a, port: 53}\n    - {name: b, port: 53, protocol: UDP, targetPort: 5353}\n';
    const { scenarios, assumed } = plan({ app: APP.replace(PORTS, ports), scenario: { protocol: 'udp' } });
    expect(scenarios[0]?.scenario).toMatchObject({ protocol: 'udp', servicePort: 53, path: '/' });
    expect(assumed).toContain('port 53 (the only UDP port of service web)');
  });

  it('has no path for tcp, and says so where one is given', () => {
    const { scenarios, warnings } = plan({ app: APP, scenario: { protocol: 'tcp', path: '/x' } });
    expect(scenarios[0]?.scenario.path).toBe('/');
    expect(warnings).toContain('path /x is not asked for: tcp has none');
  });

  it('says what is common to several scenarios once', () => {
    const settings = {
      cluster: aCluster(),
      scenarios: [SCENARIO, { ...SCENARIO, name: 'b' }],
      parallel: 1,
      report: { outputDir: 'o', comment: 'never', check: true, failOn: [] },
    } as const;
    const manifests = [{ objects: objects(APP) }, { objects: objects(APP) }];
    expect(makePlan(settings, manifests).assumed).toHaveLength(5);
  });

  it.each([
    [
      'Recreate',
      APP.replace('  replicas: 2\n', '  strategy: {type: Recreate}\n'),
      {},
      'Deployment web has strategy Recreate: all old pods end before a new one starts, so requests will be dropped (app.yaml:6:3)',
    ],
    [
      'a loaded image that is pulled',
      APP.replace('image: nginx:1.22\n', 'image: nginx:1.22\n          imagePullPolicy: Always\n'),
      { images: ['nginx:1.22'] },
      'container web: image nginx:1.22 is loaded into the nodes, but imagePullPolicy is Always (as it says), so it is pulled all the same (app.yaml:15:11); write imagePullPolicy: IfNotPresent',
    ],
    [
      'a loaded image without a tag',
      APP.replace('nginx:1.22', 'shop'),
      { images: ['shop'] },
      'container web: image shop is loaded into the nodes, but imagePullPolicy is Always (the default for :latest), so it is pulled all the same (app.yaml:15:11); write imagePullPolicy: IfNotPresent',
    ],
    [
      'latest',
      APP.replace('nginx:1.22', 'registry:5000/nginx:latest'),
      {},
      'container web: image registry:5000/nginx:latest has no fixed tag, so that old and new pods may run different code (app.yaml:15:11)',
    ],
  ])('warns of %s', (_, app, cluster, warning) => {
    expect(plan({ app, cluster }).warnings).toEqual([warning]);
  });

  it('does not warn of a digest', () => {
    expect(plan({ app: APP.replace('nginx:1.22', 'nginx@sha256:abc') }).warnings).toEqual([]);
  });
});

const STATEFUL = DEPLOYMENT.replace('kind: Deployment', 'kind: StatefulSet');
const CANARY = named(DEPLOYMENT, 'canary');
const OTHER_SERVICE = named(SERVICE, 'web-internal');
const IMAGE = (container: string, image: string) =>
  ({ update: { kind: 'image', container, image } }) as const;
const APPLY = { update: { kind: 'apply', from: 'next.yaml' } } as const;
const spec = (line: string) =>
  APP.replace('spec:\n  selector: {app: web}', `spec:\n  ${line}\n  selector: {app: web}`);

describe('a plan that cannot work', () => {
  it.each<[string, Case, string[]]>([
    ['no Deployment', { app: SERVICE }, ['RP1101 app.yaml']],
    ['a StatefulSet behind the Service', { app: `${STATEFUL}---\n${SERVICE}` }, ['RP1103 app.yaml:1:1']],
    [
      'a DaemonSet by name',
      {
        app: `${APP}---\n${STATEFUL.replace('StatefulSet', 'DaemonSet').replace('name: web\n', 'name: log\n')}`,
        scenario: { deployment: 'log' },
      },
      ['RP1103 app.yaml:30:1'],
    ],
    [
      'a Deployment of an old version',
      { app: APP.replace('apps/v1', 'extensions/v1beta1') },
      ['RP1103 app.yaml:1:1'],
    ],
    ['a misspelt Deployment', { app: APP, scenario: { deployment: 'wep' } }, ['RP1601 deployment']],
    [
      'a Deployment in another namespace',
      { app: APP, scenario: { deployment: 'shop/web' } },
      ['RP1601 deployment'],
    ],
    ['two Deployments behind one Service', { app: `${APP}---\n${CANARY}` }, ['RP1012 app.yaml:1:1']],
    ['two Deployments and no Service', { app: `${DEPLOYMENT}---\n${CANARY}` }, ['RP1012 app.yaml:1:1']],
    ['no replicas', { app: APP.replace('replicas: 2', 'replicas: 0') }, ['RP1104 app.yaml:6:3']],
    ['paused', { app: APP.replace('replicas: 2', 'paused: true') }, ['RP1105 app.yaml:6:3']],
    [
      'a selector that misses the template',
      { app: APP.replace('matchLabels: {app: web}', 'matchLabels: {app: api}') },
      ['RP1110 app.yaml:7:3'],
    ],
    ['no Service', { app: DEPLOYMENT }, ['RP1106 app.yaml:11:7']],
    [
      'a Service that selects nothing here',
      { app: APP.replace('spec:\n  selector: {app: web}', 'spec:\n  selector: {app: wep}') },
      ['RP1106 app.yaml:11:7'],
    ],
    [
      'the same, by name',
      {
        app: APP.replace('spec:\n  selector: {app: web}', 'spec:\n  selector: {app: wep}'),
        scenario: { target: 'web' },
      },
      ['RP1106 app.yaml:26:3'],
    ],
    ['two Services', { app: `${APP}---\n${OTHER_SERVICE}` }, ['RP1012 app.yaml:21:1']],
    [
      'a Service that is shared',
      { app: `${APP}---\n${CANARY}`, scenario: { deployment: 'web' } },
      ['RP1511 app.yaml:26:3'],
    ],
    ['a misspelt Service', { app: APP, scenario: { target: 'service/wep' } }, ['RP1512 target']],
    [
      'an ExternalName',
      { app: spec('type: ExternalName'), scenario: { target: 'web' } },
      ['RP1107 app.yaml:26:3'],
    ],
    [
      'a Service without a selector',
      { app: APP.replace('  selector: {app: web}\n  ports', '  ports'), scenario: { target: 'web' } },
      ['RP1107 app.yaml:25:1'],
    ],
    ['a headless Service', { app: spec('clusterIP: None') }, ['RP1515 app.yaml:26:3']],
    [
      'only a UDP port',
      { app: APP.replace('{port: 80,', '{port: 80, protocol: UDP,') },
      ['RP1108 app.yaml:28:7'],
    ],
    ['UDP where there is none', { app: APP, scenario: { protocol: 'udp' } }, ['RP1108 app.yaml:28:7']],
    [
      'a path that names no method',
      { app: APP, scenario: { protocol: 'grpc', path: '/healthz' } },
      ['RP1111 path'],
    ],
    [
      'an SCTP port by name',
      { app: APP.replace('{port: 80,', '{port: 80, protocol: SCTP,'), scenario: { target: 'web:80' } },
      ['RP1108 app.yaml:28:7'],
    ],
    [
      'a port that the Service does not have',
      { app: APP, scenario: { target: 'web:81' } },
      ['RP1513 app.yaml:27:3'],
    ],
    [
      'a Service without ports',
      { app: APP.replace(/ {2}ports:\n {4}- \{port: 80.*\n/, '') },
      ['RP1513 app.yaml:25:1'],
    ],
    [
      'a targetPort that no container has',
      { app: APP.replace('targetPort: http', 'targetPort: web') },
      ['RP1109 app.yaml:28:18'],
    ],
    [
      'two ports and no way to tell',
      {
        app: APP.replace('- {port: 80, targetPort: http}', '- {name: a, port: 1}\n    - {name: b, port: 2}'),
      },
      ['RP1012 app.yaml:27:3'],
    ],
    [
      'a port that speaks HTTPS',
      { app: APP.replace('port: http}', 'port: http, scheme: HTTPS}') },
      ['RP1108 app.yaml:19:13'],
    ],
    ['host-port without one', { app: APP, scenario: { target: 'web#host-port' } }, ['RP1516 app.yaml:13:7']],
    [
      'a cluster IP from the runner',
      { app: APP, scenario: { target: 'web#cluster-ip', vantage: 'runner' } },
      ['RP1113 vantage'],
    ],
    ['a URL as target', { app: APP, scenario: { target: 'http://evil/' } }, ['RP1112 target']],
    ['an address as target', { app: APP, scenario: { target: '169.254.169.254:80/x' } }, ['RP1112 target']],
    ['an Ingress as target', { app: APP, scenario: { target: 'ingress/web' } }, ['RP1112 target']],
    [
      'an image for a container that is not there',
      { app: APP, scenario: IMAGE('wep', 'nginx:1.23') },
      ['RP1602 update'],
    ],
    [
      'the image that is there already',
      { app: APP, scenario: IMAGE('web', 'nginx:1.22') },
      ['RP1114 app.yaml:9:3'],
    ],
    [
      'a variable that is there already',
      {
        app: APP.replace('image: nginx:1.22\n', 'image: nginx:1.22\n          env: [{name: A, value: b}]\n'),
        scenario: { update: { kind: 'env', name: 'A', value: 'b' } },
      },
      ['RP1114 app.yaml:9:3'],
    ],
    [
      'a move with one node',
      { app: APP, scenario: { update: { kind: 'move' } }, cluster: { nodes: 1 } },
      ['RP1603 update'],
    ],
    [
      'two states that are the same',
      { app: APP, updated: APP.replace('replicas: 2', 'replicas: 3'), scenario: APPLY },
      ['RP1114 next.yaml:9:3'],
    ],
    [
      'a new state without the Deployment',
      { app: APP, updated: named(DEPLOYMENT, 'other'), scenario: APPLY },
      ['RP1601 update: apply:next.yaml'],
    ],
    [
      'a new state without replicas',
      {
        app: APP,
        updated: APP.replace('1.22', '1.23').replace('replicas: 2', 'replicas: 0'),
        scenario: APPLY,
      },
      ['RP1104 next.yaml:6:3'],
    ],
    [
      'a new selector',
      { app: APP, updated: labelled(APP, 'next'), scenario: APPLY },
      ['RP1110 next.yaml:7:3'],
    ],
    ['more new connections than ports', { app: APP, scenario: { ratePerSecond: 426 } }, ['RP1116 rate']],
    [
      'a sequence that nobody looks for',
      { app: APP, scenario: { update: { kind: 'sequence', name: 'N', from: 1, to: 2 } } },
      ['RP1126 update'],
    ],
    [
      'a sequence that nothing writes',
      {
        app: APP,
        scenario: { expect: { statusFrom: 200, statusTo: 399, sequence: { from: 1, to: 2 } } },
      },
      ['RP1126 expect-sequence'],
    ],
    [
      'too few connections for their rest',
      { app: APP, scenario: { connection: 'idle-reuse', connections: 500, idleMs: 5_000 } },
      ['RP1127 connections'],
    ],
    [
      'slow requests that nothing asks for',
      { app: APP, scenario: { connection: 'slow', slow: { durationMs: 3_000 } } },
      ['RP1128 path'],
    ],
    [
      'a place for a duration that nobody asks for',
      { app: APP, scenario: { path: '/sleep/{ms}' } },
      ['RP1111 path'],
    ],
    [
      'more slow requests than one prober holds',
      {
        app: APP,
        scenario: { connection: 'slow', slow: { durationMs: 30_000 }, path: '/{ms}', ratePerSecond: 69 },
      },
      ['RP1129 rate'],
    ],
    [
      'connections that rest without HTTP',
      { app: APP, scenario: { protocol: 'grpc', connection: 'idle-reuse', connections: 600, idleMs: 5_000 } },
      ['RP1120 connection'],
    ],
    [
      'a port that is asked for its readiness by plain HTTP, with TLS',
      { app: APP, scenario: { protocol: 'https' } },
      ['RP1108 app.yaml:19:13'],
    ],
    [
      'several of these at once',
      {
        app: APP.replace('replicas: 2', 'replicas: 0').replace('targetPort: http', 'targetPort: web'),
        scenario: { ratePerSecond: 5000, ...IMAGE('x', 'y') },
      },
      ['RP1116 rate', 'RP1104 app.yaml:6:3', 'RP1602 update', 'RP1109 app.yaml:28:18'],
    ],
  ])('%s', async (_, given, expected) => {
    const problems = await problemsOf(() => plan(given));
    expect(codesAndPlaces(problems)).toEqual(expected);
    for (const { remedy } of problems) expect(remedy).toMatch(/^[A-Z].{8,}/);
  });

  it.each([
    'http://evil/',
    '//evil',
    'healthz',
    '/a b',
    '/a\r\nX-Injected: 1',
    '/ü',
    '/a#b',
    '/\\evil',
    `/${'a'.repeat(8192)}`,
  ])('a path that cannot be asked: %j', async (path) => {
    expect(codesAndPlaces(await problemsOf(() => plan({ app: APP, scenario: { path } })))).toEqual([
      'RP1111 path',
    ]);
  });

  it('is told where the setting was written', async () => {
    const places = { path: 'rollproof.yml:4:9', rate: '--rate' };
    const scenario = { path: 'healthz', ratePerSecond: 5000, ...IMAGE('x', 'y') };
    expect(codesAndPlaces(await problemsOf(() => plan({ app: APP, scenario, places })))).toEqual([
      'RP1116 --rate',
      'RP1602 update',
      'RP1111 rollproof.yml:4:9',
    ]);
  });

  it('names the candidates with their places', async () => {
    const [problem] = await problemsOf(() => plan({ app: `${APP}---\n${OTHER_SERVICE}` }));
    expect(problem?.what).toBe(
      '2 Services select Deployment web: web (app.yaml:21:1), web-internal (app.yaml:30:1).',
    );
    expect(problem?.remedy).toBe('Choose one: target: service/web');
  });

  it('suggests what would fit', async () => {
    const few = { connection: 'idle-reuse', connections: 10, idleMs: 500 } as const;
    const [rest] = await problemsOf(() => plan({ app: APP, scenario: few }));
    expect(rest?.remedy).toBe(
      'Write connections: 51 or more, or rate: 18 or less, or leave connections out.',
    );
    expect(() => plan({ app: APP, scenario: { ...few, connections: 51 } })).not.toThrow();
    expect(() => plan({ app: APP, scenario: { ...few, ratePerSecond: 18 } })).not.toThrow();
    const [port] = await problemsOf(() => plan({ app: APP, scenario: { ratePerSecond: 500 } }));
    expect(port?.remedy).toBe('Write rate: 425 or less, or connection: keep-alive.');
    expect(() => plan({ app: APP, scenario: { ratePerSecond: 425 } })).not.toThrow();
    expect(() =>
      plan({ app: APP, scenario: { ratePerSecond: 5000, connection: 'keep-alive' } }),
    ).not.toThrow();
  });
});
