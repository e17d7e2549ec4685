import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCliOptions } from '../../src/inputs/cli-arguments.ts';
import { type InputSurroundings, loadSettings } from '../../src/inputs/load-settings.ts';
import { codesAndPlaces, problemsOf } from '../support/problems.ts';

let folder: string;
const home = process.cwd();

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'rollproof-settings-')));
  process.chdir(folder);
});

afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  writeFileSync(file, text);
}

function load(options: Record<string, unknown>, surroundings: InputSurroundings = {}) {
  return loadSettings(readCliOptions(options), surroundings);
}

describe('settings', () => {
  it('need nothing but manifests: two scenarios with the defaults', async () => {
    const { settings } = await load({ manifests: ['k8s'] });
    expect(settings).toMatchInlineSnapshot(`
      {
        "cluster": {
          "cni": "kindnet",
          "images": [],
          "keep": false,
          "kubeProxyMode": "iptables",
          "nodes": 2,
          "proberImage": "node:24-slim",
          "provider": "kind",
        },
        "parallel": 1,
        "report": {
          "check": true,
          "comment": "always",
          "failOn": [
            "dropped",
            "inconclusive",
            "rollout-failed",
            "error",
          ],
          "outputDir": "rollproof-report",
        },
        "scenarios": [
          {
            "baselineMs": 5000,
            "connection": "new",
            "connections": 10,
            "deadlineMs": 5000,
            "expect": {
              "statusFrom": 200,
              "statusTo": 399,
            },
            "manifests": [
              "k8s",
            ],
            "name": "new connections",
            "protocol": "http",
            "ratePerSecond": 100,
            "repeat": 1,
            "rolledControl": "unexplained",
            "rolloutDeadlineMs": 300000,
            "tailMs": 5000,
            "update": {
              "kind": "restart",
            },
          },
          {
            "baselineMs": 5000,
            "connection": "keep-alive",
            "connections": 10,
            "deadlineMs": 5000,
            "expect": {
              "statusFrom": 200,
              "statusTo": 399,
            },
            "manifests": [
              "k8s",
            ],
            "name": "keep-alive",
            "protocol": "http",
            "ratePerSecond": 100,
            "repeat": 1,
            "rolledControl": "unexplained",
            "rolloutDeadlineMs": 300000,
            "tailMs": 5000,
            "update": {
              "kind": "restart",
            },
          },
        ],
      }
    `);
  });

  it('take an input over a scenario, a scenario over its section, and a section over the default', async () => {
    write(
      '.github/rollproof.yml',
      `version: 1
app: {manifests: [k8s], path: /section}
probe: {rate: 20, tail: 7s, connection: new}
scenarios:
  - {name: a, rate: 30, path: /own}
  - {name: b}
`,
    );
    const { settings, configFile } = await load({ path: '/input', tail: '9s' });
    expect(configFile).toBe('.github/rollproof.yml');
    expect(
      settings.scenarios.map(({ name, path, ratePerSecond, tailMs, baselineMs }) => [
        name,
        path,
        ratePerSecond,
        tailMs,
        baselineMs,
      ]),
    ).toEqual([
      ['a', '/input', 30, 9000, 5000],
      ['b', '/input', 20, 9000, 5000],
    ]);
  });

  it('try fixes and bad twins only where that is asked for, scenario by scenario', async () => {
    write(
      'rollproof.yml',
      `version: 1
app: {manifests: [k8s]}
probe: {connection: new, try-fix: true}
scenarios:
  - {name: a, try-fix-runs: 5, sensitivity: true}
  - {name: b, try-fix: false, try-fix-runs: 7}
  - {name: c}
`,
    );
    const { settings } = await load({ config: 'rollproof.yml' });
    expect(settings.scenarios.map(({ tryFixRuns, sensitivity }) => [tryFixRuns, sensitivity])).toEqual([
      [5, true],
      [undefined, undefined],
      [3, undefined],
    ]);
  });

  it.each([
    ['.github/rollproof.yml', 'k8s', 'k8s'],
    ['rollproof.yml', 'k8s', 'k8s'],
    ['deploy/gate.yml', 'k8s', 'deploy/k8s'],
    ['deploy/gate.yml', '../k8s', 'k8s'],
    ['deploy/.github/gate.yml', 'k8s', 'deploy/k8s'],
    ['deploy/gate.yml', '-', '-'],
  ])('%s names %s: it counts from the folder of the file', async (file, written, meant) => {
    write(file, `version: 1\napp: {manifests: ["${written}"]}\nupdate: apply:${written}/next\n`);
    const { settings } = await load({ config: file });
    expect(settings.scenarios[0]?.manifests).toEqual([meant]);
  });

  it('count paths of inputs from working-directory, and find the config file there', async () => {
    write('sub/rollproof.yml', 'version: 1\nprobe: {rate: 7}\n');
    write('sub/cni.yaml', '');
    const { settings, configFile } = await load({
      workingDirectory: 'sub',
      manifests: ['a.yaml', '/abs.yaml'],
      update: 'apply:b',
      cni: './cni.yaml',
      output: 'out',
    });
    expect(configFile).toBe('sub/rollproof.yml');
    expect(settings.scenarios[0]).toMatchObject({
      manifests: ['sub/a.yaml', '/abs.yaml'],
      update: { kind: 'apply', from: 'sub/b' },
      ratePerSecond: 7,
    });
    expect(settings).toMatchObject({ cluster: { cni: 'sub/cni.yaml' }, report: { outputDir: 'sub/out' } });
  });

  it('give every scenario of the file one row for each connection mode', async () => {
    write(
      'rollproof.yml',
      'version: 1\napp: {manifests: k8s}\nscenarios: [{name: a}, {name: b, connection: new}]\n',
    );
    const names = async (options: Record<string, unknown>) =>
      (await load(options)).settings.scenarios.map(({ name }) => name);
    expect(await names({})).toEqual(['a, new connections', 'a, keep-alive', 'b']);
    expect(await names({ connection: ['new'] })).toEqual(['a', 'b']);
    expect(await names({ scenario: ['a'] })).toEqual(['a, new connections', 'a, keep-alive']);
    expect(await names({ scenario: ['a, keep-alive', 'b'] })).toEqual(['a, keep-alive', 'b']);
  });

  it('let an input choose an existing cluster although the file describes one to boot', async () => {
    write('rollproof.yml', 'version: 1\ncluster: {nodes: 3, cni: calico}\n');
    const { settings } = await load({ manifests: ['k8s'], context: 'staging' });
    expect(settings.cluster).toMatchObject({ provider: 'existing', context: 'staging' });
  });

  it('read a config file with a byte order mark', async () => {
    write('rollproof.yml', '\uFEFFversion: 1\nprobe: {rate: 7}\n');
    expect((await load({ manifests: ['k8s'] })).settings.scenarios[0]?.ratePerSecond).toBe(7);
  });
});

describe('bad settings', () => {
  const FILE = 'version: 1\napp: {manifests: k8s}\n';
  it.each<[string, string | undefined, Record<string, unknown>, string[]]>([
    ['nothing to deploy', undefined, {}, ['RP1014']],
    [
      'a scenario without manifests',
      'version: 1\nscenarios: [{name: a, manifests: x}, {name: b}]',
      {},
      ['RP1014 rollproof.yml:2:38'],
    ],
    ['a config file that is not there', undefined, { config: 'absent.yml' }, ['RP1020 absent.yml']],
    ['a folder as config file', undefined, { config: '.' }, ['RP1021 .']],
    [
      'a misspelt scenario',
      `${FILE}scenarios: [{name: fast}]`,
      { scenario: ['fats'] },
      ['RP1013 --scenario'],
    ],
    [
      'two scenarios of one name',
      `${FILE}scenarios: [{name: a, connection: new}, {name: a, connection: new}]`,
      {},
      ['RP1011 rollproof.yml:3:42'],
    ],
    [
      'two scenarios of one name that expand to others',
      `${FILE}scenarios: [{name: a, connection: new}, {name: a}]`,
      {},
      ['RP1011 rollproof.yml:3:42'],
    ],
    [
      'two scenarios of one name and two modes, once',
      `${FILE}scenarios: [{name: a}, {name: a}]`,
      {},
      ['RP1011 rollproof.yml:3:25'],
    ],
    [
      'a scenario with a name that another expands to',
      `${FILE}scenarios: [{name: a}, {name: 'a, keep-alive', connection: new}]`,
      {},
      ['RP1011 rollproof.yml:3:25'],
    ],
    ['a misspelt CNI', `${FILE}cluster: {cni: calcio}`, {}, ['RP1015 rollproof.yml:3:11']],
    ['a CNI manifest that is not there', FILE, { cni: './absent.yaml' }, ['RP1020 absent.yaml']],
    [
      'a cni-manifest for a manifest',
      FILE,
      { cni: './a.yaml', cniManifest: './a.yaml' },
      ['RP1010 --cni-manifest'],
    ],
    ['a kind configuration that is not there', FILE, { kindConfig: 'absent.yaml' }, ['RP1020 absent.yaml']],
    ['nodes of an existing cluster', FILE, { context: 'a', nodes: '3' }, ['RP1010 --nodes']],
    [
      'an existing cluster that should be made worse',
      FILE,
      { context: 'a', amplifyPropagationDelay: '5s', amplifyCpu: '2' },
      ['RP1010 --amplify-propagation-delay', 'RP1010 --amplify-cpu'],
    ],
    [
      'busy processors on the sandbox, which has none of its own',
      `${FILE}cluster: {provider: sandbox, amplify-propagation-delay: 5s, amplify-cpu: 2}`,
      {},
      ['RP1010 rollproof.yml:3:61'],
    ],
    ['a kubeconfig without a context', FILE, { kubeconfig: 'a.yaml' }, ['RP1010 --kubeconfig']],
    [
      'two ways to choose the version',
      FILE,
      { nodeImage: 'a', kubernetesVersion: '1.34' },
      ['RP1010 --kubernetes-version'],
    ],
    ['text for a number', FILE, { rate: 'fast' }, ['RP1006 --rate']],
    ['infinity', FILE, { rate: 'Infinity' }, ['RP1006 --rate']],
    ['an unknown word', FILE, { connection: ['new', 'old'] }, ['RP1006 --connection']],
    ['a flag that is neither', FILE, { keep: 'perhaps' }, ['RP1006 --keep']],
    [
      'several at once',
      'version: 1\nprobe: {rate: 0}',
      { nodes: '0', timeout: '5' },
      ['RP1006 --nodes', 'RP1006 --timeout', 'RP1006 rollproof.yml:2:9'],
    ],
  ])('%s', async (_, file, options, expected) => {
    write('a.yaml', '');
    if (file !== undefined) write('rollproof.yml', file);
    const problems = await problemsOf(() => load(options));
    expect(codesAndPlaces(problems)).toEqual(expected);
    for (const { remedy } of problems) expect(remedy).toMatch(/^[A-Z].{8,}/);
  });

  it('do not echo a token', async () => {
    const token = 'ghs_'.padEnd(5000, 'x');
    const problems = await problemsOf(() => load({ manifests: ['a'], githubToken: token }));
    expect(codesAndPlaces(problems)).toEqual(['RP1006 --github-token']);
    expect(JSON.stringify(problems)).not.toContain('ghs_');
  });

  it('include paths that leave the workspace, and nothing of what is there', async () => {
    const outside = realpathSync(mkdtempSync(path.join(tmpdir(), 'rollproof-outside-')));
    writeFileSync(path.join(outside, 'secret.yml'), 'version: 1\nsecret-key: hunter2\n');
    symlinkSync(path.join(outside, 'secret.yml'), 'rollproof.yml');
    symlinkSync(outside, 'linked');
    for (const config of [
      path.join(outside, 'secret.yml'),
      'linked/secret.yml',
      `../${path.basename(outside)}/secret.yml`,
      undefined,
    ]) {
      const problems = await problemsOf(() =>
        load({ manifests: ['k8s'], ...(config ? { config } : {}) }, { workspace: folder }),
      );
      expect(problems.map(({ code }) => code)).toEqual(['RP1024']);
      expect(JSON.stringify(problems)).not.toMatch(/hunter2|secret-key/);
    }
    const kindConfig = await problemsOf(() =>
      load(
        { manifests: ['k8s'], kindConfig: 'linked/secret.yml', config: 'none.yml' },
        { workspace: folder },
      ),
    );
    expect(kindConfig.map(({ code }) => code)).toEqual(['RP1020', 'RP1024']);
    rmSync(outside, { recursive: true });
  });
});

describe('places of settings', () => {
  it('are those of what holds: an input, the scenario, its sections', async () => {
    write(
      'rollproof.yml',
      [
        'version: 1',
        'app: {manifests: [k8s], deployment: web, path: /}',
        'probe: {rate: 50, timeout: 1s}',
        'update: restart',
        'scenarios:',
        '  - {name: a, connection: new, path: /a}',
        '  - {name: b, connection: new}',
        '',
      ].join('\n'),
    );
    const { settings, places } = await load({ rate: '10' });
    expect(settings.scenarios.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(places[0]).toMatchObject({
      deployment: 'rollproof.yml:2:25',
      path: 'rollproof.yml:6:32',
      rate: '--rate',
      timeout: 'rollproof.yml:3:19',
      update: 'rollproof.yml:4:1',
    });
    expect(places[1]).toMatchObject({ path: 'rollproof.yml:2:42' });
  });

  it('are only those of what somebody wrote', async () => {
    expect((await load({ manifests: ['k8s'] })).places).toEqual([
      { manifests: '--manifests' },
      { manifests: '--manifests' },
    ]);
  });
});

describe('an unsafe event', () => {
  const event = { name: 'pull_request_target', payload: {} };
  it('is refused before anything is read', async () => {
    const problems = await problemsOf(() => load({ config: 'absent.yml' }, { event }));
    expect(codesAndPlaces(problems)).toEqual(['RP1016 on: in the workflow']);
  });
  it('is allowed where the workflow says so, never by the config file', async () => {
    expect(
      (await load({ manifests: ['k8s'], allowUnsafeEvent: true }, { event })).settings.scenarios,
    ).toHaveLength(2);
    write('rollproof.yml', 'version: 1\nallow-unsafe-event: true\n');
    expect(codesAndPlaces(await problemsOf(() => load({}, { event })))).toEqual([
      'RP1016 on: in the workflow',
    ]);
  });
});
