import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readManifests } from '../../../src/inputs/manifests/read-manifests.ts';
import { readScenarioManifests } from '../../../src/inputs/manifests/read-scenario-manifests.ts';
import { placeText } from '../../../src/model/manifest.ts';
import type { ScenarioSettings } from '../../../src/model/settings.ts';
import { codesAndPlaces, problemsOf } from '../../support/problems.ts';

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: web
          image: nginx:1.22
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
`;
const object = (kind: string, name: string) => `{apiVersion: v1, kind: ${kind}, metadata: {name: ${name}}}\n`;

let folder: string;
const home = process.cwd();

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'rollproof-manifests-')));
  process.chdir(folder);
});

afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

function write(file: string, content: string | Uint8Array): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  writeFileSync(file, content);
}

function read(given: readonly string[], workspace?: string, stdin = '') {
  const root = { folder: '', prefix: '', workspace };
  return readManifests(given, { root, signal: AbortSignal.timeout(10_000), stdin: async () => stdin });
}

async function names(given: readonly string[], stdin?: string): Promise<string[]> {
  return (await read(given, undefined, stdin)).map(({ kind, name }) => `${kind}/${name}`);
}

describe('manifests', () => {
  it('are the objects of a file, with the place of every field', async () => {
    write('k8s/web.yaml', WEB);
    const [deployment, service] = await read(['k8s/web.yaml']);
    expect(deployment).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' });
    expect(deployment).not.toHaveProperty('namespace');
    expect(service).toMatchObject({ kind: 'Service', namespace: 'shop', place: { line: 13 } });
    const image = deployment?.placeOf(['spec', 'template', 'spec', 'containers', 0, 'image']);
    expect(image && placeText(image)).toBe('k8s/web.yaml:11:11');
    const absent = deployment?.placeOf(['spec', 'strategy', 'type']);
    expect(absent && placeText(absent)).toBe('k8s/web.yaml:5:1');
  });

  it('are those directly in a folder, whatever their suffix, and not our own config file', async () => {
    write('k8s/b.yml', object('Service', 'b'));
    write('k8s/a.yaml', object('Service', 'a'));
    write('k8s/c.json', '{\n\t"apiVersion": "v1", "kind": "Service", "metadata": {"name": "c"}\n}');
    write('k8s/rollproof.yml', 'version: 1');
    write('k8s/notes.md', '# no manifest');
    write('k8s/deeper/d.yaml', object('Service', 'd'));
    expect(await names(['k8s'])).toEqual(['Service/a', 'Service/b', 'Service/c']);
    expect(await names(['k8s/'])).toEqual(['Service/a', 'Service/b', 'Service/c']);
  });

  it('are those of a glob, each file once', async () => {
    for (const file of ['k8s/a.yaml', 'k8s/x/b.yaml']) write(file, object('Service', path.parse(file).name));
    expect(await names(['k8s/**/*.yaml', 'k8s/a.yaml'])).toEqual(['Service/a', 'Service/b']);
  });

  it('are the items of a list', async () => {
    write(
      'list.yaml',
      `kind: List\napiVersion: v1\nitems:\n  - ${object('Service', 'a')}  - ${object('Service', 'b')}`,
    );
    const objects = await read(['list.yaml']);
    expect(objects.map(({ name, place }) => `${name} ${place.line}`)).toEqual(['a 4', 'b 5']);
  });

  it('come from standard input as well', async () => {
    const [first] = await read(['-'], undefined, WEB);
    expect(first && placeText(first.place)).toBe('<stdin>:1:1');
  });

  it('may have a byte order mark and Windows line ends', async () => {
    write('a.yaml', `\uFEFF${WEB.replaceAll('\n', '\r\n')}`);
    expect(await names(['a.yaml'])).toEqual(['Deployment/web', 'Service/web']);
  });

  it('may hold the braces of templates in text', async () => {
    write(
      'a.yaml',
      `${object('Service', 'a')}---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {page: "{{ title }}"}}`,
    );
    expect(await names(['a.yaml'])).toEqual(['Service/a', 'ConfigMap/c']);
  });

  it('of a kustomization are what kubectl makes of it', async () => {
    write(
      'bin/kubectl',
      '#!/bin/sh\ntest "$1 $2" = "kustomize k8s/overlay" || exit 1\nprintf "apiVersion: v1\\nkind: Service\\nmetadata: {name: rendered}\\n"\n',
    );
    execFileSync('chmod', ['+x', 'bin/kubectl']);
    write(
      'k8s/overlay/kustomization.yaml',
      'resources: [../base]\ncommonAnnotations: {home: "https://example.org"}\n',
    );
    write('k8s/base/kustomization.yml', 'resources: [web.yaml]\n');
    write('k8s/base/web.yaml', WEB);
    for (const given of ['k8s/overlay', 'k8s/overlay/kustomization.yaml']) {
      const [rendered] = await withPath(path.resolve('bin'), () => read([given]));
      expect(rendered?.name).toBe('rendered');
      expect(rendered && placeText(rendered.placeOf(['spec']))).toBe('k8s/overlay/kustomization.yaml:1:1');
    }
  });
});

describe('bad manifests', () => {
  const LARGE = `a: ${'x'.repeat(2 * 1024 * 1024)}`;
  it.each<[string, Record<string, string | Uint8Array>, string, string]>([
    ['a path that is not there', {}, 'absent.yaml', 'RP1020 absent.yaml'],
    ['a pattern that matches nothing', {}, 'k8s/*.yaml', 'RP1035 k8s/*.yaml'],
    ['a folder without manifests', { 'k8s/notes.md': '' }, 'k8s', 'RP1035 k8s'],
    ['a folder with manifests further down only', { 'k8s/a/b.yaml': WEB }, 'k8s', 'RP1035 k8s'],
    ['a device', {}, '/dev/zero', 'RP1021 /dev/zero'],
    ['a file of 2 MiB and more', { 'a.yaml': LARGE }, 'a.yaml', 'RP1022 a.yaml'],
    [
      'a text that is not UTF-8',
      { 'a.yaml': Uint8Array.of(0x61, 0x3a, 0x20, 0xff, 0xfe) },
      'a.yaml',
      'RP1023 a.yaml',
    ],
    ['UTF-16', { 'a.yaml': Buffer.from('\uFEFFa: 1', 'utf16le') }, 'a.yaml', 'RP1023 a.yaml'],
    ['a NUL character', { 'a.yaml': 'a: 1\nb: "\0"\n' }, 'a.yaml', 'RP1023 a.yaml'],
    ['comments only', { 'a.yaml': '# nothing\n' }, 'a.yaml', 'RP1035 a.yaml'],
    ['no syntax', { 'a.yaml': 'a: [1\n' }, 'a.yaml', 'RP1007 a.yaml:2:1'],
    ['201 documents', { 'a.yaml': '---\na: 1\n'.repeat(201) }, 'a.yaml', 'RP1008 a.yaml:401:1'],
    ['a list of numbers', { 'a.yaml': '[1, 2]' }, 'a.yaml', 'RP1030 a.yaml:1:1'],
    ['something else', { 'a.yaml': 'replicaCount: 1\n' }, 'a.yaml', 'RP1030 a.yaml:1:1'],
    ['no kind', { 'a.yaml': 'apiVersion: v1\nmetadata: {name: a}\n' }, 'a.yaml', 'RP1030 a.yaml:1:1'],
    [
      'a name that is a number',
      { 'a.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: 7\n' },
      'a.yaml',
      'RP1030 a.yaml:4:3',
    ],
    [
      'a generated name',
      { 'a.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {generateName: a}\n' },
      'a.yaml',
      'RP1030 a.yaml:3:1',
    ],
    [
      'an item of a list that is no object',
      { 'a.yaml': 'apiVersion: v1\nkind: List\nitems:\n  - 5\n' },
      'a.yaml',
      'RP1030 a.yaml:4:5',
    ],
    ['one object twice', { 'a.yaml': `${WEB}---\n${WEB}` }, 'a.yaml', 'RP1031 a.yaml:19:1'],
    [
      'one name in two namespaces',
      { 'a.yaml': `${object('Service', 'a, namespace: one')}---\n${object('Service', 'a, namespace: two')}` },
      'a.yaml',
      'RP1031 a.yaml:3:1',
    ],
    [
      'a template of Helm',
      { 'a.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n' },
      'a.yaml',
      'RP1032 a.yaml:4:10',
    ],
    [
      'a template with conditions',
      { 'a.yaml': '{{- if .Values.on }}\napiVersion: v1\n{{- end }}\n' },
      'a.yaml',
      'RP1032 a.yaml:1:3',
    ],
    [
      'a template that is YAML by chance',
      { 'a.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: "{{ .x }}"\n' },
      'a.yaml',
      'RP1032 a.yaml:1:1',
    ],
    ['a chart', { 'chart/Chart.yaml': 'name: web', 'chart/values.yaml': 'a: 1' }, 'chart', 'RP1032 chart'],
    [
      'a remote base',
      { 'k/kustomization.yaml': 'resources:\n  - a.yaml\n  - https://example.org/base\n' },
      'k',
      'RP1033 k/kustomization.yaml:3:5',
    ],
    [
      'a remote base over SSH',
      { 'k/kustomization.yaml': 'bases: ["git@example.org:a/b"]' },
      'k',
      'RP1033 k/kustomization.yaml:1:9',
    ],
    [
      'a remote base of a base',
      { 'k/kustomization.yaml': 'resources: [b]', 'k/b/kustomization.yaml': 'components: [github.com/a/b]' },
      'k',
      'RP1033 k/b/kustomization.yaml:1:14',
    ],
    [
      'a remote patch',
      { 'k/kustomization.yaml': 'patches: [{path: "http://example.org/p.yaml"}]' },
      'k',
      'RP1033 k/kustomization.yaml:1:12',
    ],
    [
      'a chart in a kustomization',
      { 'k/kustomization.yaml': 'helmCharts: [{name: x}]' },
      'k',
      'RP1033 k/kustomization.yaml:1:1',
    ],
    [
      'a base that is not there',
      { 'k/kustomization.yaml': 'resources: [../absent]' },
      'k',
      'RP1020 k/kustomization.yaml:1:13',
    ],
    [
      'a base that is no kustomization',
      { 'k/kustomization.yaml': 'resources: [b]', 'k/b/a.yaml': WEB },
      'k',
      'RP1035 k/kustomization.yaml:1:13',
    ],
    [
      'a resource that is no YAML',
      { 'k/kustomization.yaml': 'resources: [a.yaml]', 'k/a.yaml': 'a: [' },
      'k',
      'RP1007 k/a.yaml:1:5',
    ],
    [
      'a kustomization that is no YAML',
      { 'k/kustomization.yaml': 'resources: [' },
      'k',
      'RP1007 k/kustomization.yaml:1:13',
    ],
  ])('%s', async (_, files, given, expected) => {
    for (const [file, content] of Object.entries(files)) write(file, content);
    const problems = await problemsOf(() => read([given]));
    expect(codesAndPlaces(problems)[0]).toBe(expected);
    for (const { remedy } of problems) expect(remedy).toMatch(/^[A-Z].{8,}/);
  });

  it.each([
    ['name: 7', 'metadata.name'],
    ['name: yes', 'metadata.name'],
    ['name: web, namespace: 1.30', 'metadata.namespace'],
  ])(
    'in which YAML reads text as something else are mended by quotes, and say so: %s',
    async (metadata, field) => {
      write('a.yaml', `apiVersion: v1\nkind: Pod\nmetadata: {${metadata}}\n`);
      const [problem] = await problemsOf(() => read(['a.yaml']));
      expect(problem?.why).toMatch(new RegExp(`^${field} has to be text, not (7|true|1.3)\\.$`));
      expect(problem?.remedy).toBe(`Quote ${field}: unquoted, YAML does not read it as text.`);
    },
  );

  it('that are a pipe do not make Rollproof wait for a writer', async () => {
    execFileSync('mkfifo', ['pipe.yaml']);
    expect(codesAndPlaces(await problemsOf(() => read(['pipe.yaml'])))).toEqual(['RP1021 pipe.yaml']);
  });

  it('are told of all at once', async () => {
    write('a.yaml', 'a: [');
    write('b.yaml', '7');
    const problems = await problemsOf(() => read(['absent', 'a.yaml', 'b.yaml']));
    expect(problems.map(({ code }) => code)).toEqual(['RP1020', 'RP1007', 'RP1030']);
  });

  it('of more than 500 files are refused', async () => {
    for (let i = 0; i < 501; i++) write(`many/${i}.yaml`, object('Service', `s${i}`));
    expect(codesAndPlaces(await problemsOf(() => read(['many'])))).toEqual(['RP1036 many']);
  });

  it('outside of the workspace are refused, and nothing of them is told', async () => {
    const outside = realpathSync(mkdtempSync(path.join(tmpdir(), 'rollproof-outside-')));
    writeFileSync(path.join(outside, 'secret.yaml'), 'password: hunter2\nbroken: [\n');
    symlinkSync(path.join(outside, 'secret.yaml'), 'link.yaml');
    mkdirSync('k8s');
    symlinkSync(path.join(outside, 'secret.yaml'), 'k8s/link.yaml');
    symlinkSync(outside, 'linked');
    write('k/kustomization.yaml', `resources: [../linked/secret.yaml]`);
    const absolute = path.join(outside, 'secret.yaml');
    for (const given of [
      absolute,
      path.relative(folder, absolute),
      'link.yaml',
      'k8s',
      'linked',
      'linked/secret.yaml',
      'k',
    ]) {
      const problems = await problemsOf(() => read([given], folder));
      expect(
        problems.map(({ code }) => code),
        given,
      ).toEqual(['RP1024']);
      expect(JSON.stringify(problems)).not.toMatch(/hunter2|password/);
    }
    rmSync(outside, { recursive: true });
  });

  it('of a kustomization that kubectl refuses come with its words', async () => {
    write('bin/kubectl', '#!/bin/sh\necho "error: no such field" >&2\nexit 1\n');
    execFileSync('chmod', ['+x', 'bin/kubectl']);
    write('k/kustomization.yaml', 'namePrefix: a-\n');
    const [problem] = await withPath(path.resolve('bin'), () => problemsOf(() => read(['k'])));
    expect(problem).toMatchObject({
      code: 'RP1034',
      where: 'k/kustomization.yaml',
      why: 'error: no such field',
    });
    expect(problem?.remedy).toContain('kubectl kustomize k');
  });

  it('of a kustomization need kubectl or kustomize: that is the environment, not the input', async () => {
    write('k/kustomization.yaml', 'namePrefix: a-\n');
    await expect(withPath(path.resolve('nowhere'), () => read(['k']))).rejects.toMatchObject({
      name: 'EnvironmentError',
      problem: { code: 'RP2110' },
    });
  });
});

describe('manifests of scenarios', () => {
  const git = (...args: string[]) =>
    execFileSync(
      'git',
      ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'commit.gpgsign=false', ...args],
      { stdio: 'pipe', encoding: 'utf8' },
    );

  function scenario(manifests: readonly string[], update: ScenarioSettings['update']): ScenarioSettings {
    const numbers = {
      ratePerSecond: 1,
      connections: 1,
      deadlineMs: 1,
      baselineMs: 1,
      tailMs: 1,
      rolloutDeadlineMs: 1,
      repeat: 1,
    };
    return {
      name: 's',
      manifests,
      update,
      protocol: 'http',
      connection: 'new',
      expect: { statusFrom: 200, statusTo: 399 },
      ...numbers,
    };
  }

  function readAll(scenarios: readonly ScenarioSettings[], eventPayload?: unknown) {
    const stdin = (async function* () {
      yield WEB.slice(0, 40);
      yield Buffer.from(WEB.slice(40));
    })();
    return readScenarioManifests(scenarios, {
      base: { eventPayload },
      stdin,
      signal: AbortSignal.timeout(20_000),
    });
  }

  function history(): string {
    git('init', '-q', '-b', 'main');
    write('k8s/web.yaml', WEB);
    git('add', '.');
    git('commit', '-q', '-m', 'old');
    const base = git('rev-parse', 'HEAD').trim();
    git('checkout', '-q', '-b', 'feature');
    write('k8s/web.yaml', WEB.replace('nginx:1.22', 'nginx:1.23'));
    write('new/web.yaml', WEB);
    git('add', '.');
    git('commit', '-q', '-m', 'new');
    return base;
  }

  it('read standard input once, however many scenarios use it', async () => {
    const [one, two] = await readAll([
      scenario(['-'], { kind: 'restart' }),
      scenario(['-'], { kind: 'move' }),
    ]);
    expect(one?.objects).toHaveLength(2);
    expect(two?.objects).toBe(one?.objects);
  });

  it('read both states of update: apply', async () => {
    write('old.yaml', WEB);
    write('next/new.yaml', WEB.replace('1.22', '1.23'));
    const [{ objects, updatedObjects } = { objects: [] }] = await readAll([
      scenario(['old.yaml'], { kind: 'apply', from: 'next' }),
    ]);
    expect([objects, updatedObjects].map((state) => state?.[0]?.place.file)).toEqual([
      'old.yaml',
      'next/new.yaml',
    ]);
  });

  it('take the old state from the merge base, and leave the repository as it was', async () => {
    const base = history();
    write('k8s/uncommitted.yaml', object('Service', 'more'));
    const before = git('status', '--porcelain');
    const events = [
      undefined,
      { pull_request: { base: { sha: base } } },
      { merge_group: { base_sha: base } },
      { pull_request: { base: { sha: '--upload-pack=x' } } },
    ];
    for (const event of events) {
      const [{ objects, updatedObjects } = { objects: [] }] = await readAll(
        [scenario(['k8s'], { kind: 'apply', from: 'git:base' })],
        event,
      );
      expect(JSON.stringify(objects[0]?.content)).toContain('nginx:1.22');
      expect(JSON.stringify(updatedObjects?.map(({ content }) => content))).toContain('nginx:1.23');
      expect(updatedObjects).toHaveLength(3);
      expect(objects[0] && placeText(objects[0].place)).toBe(`${base.slice(0, 7)}:k8s/web.yaml:1:1`);
    }
    expect(git('status', '--porcelain')).toBe(before);
    expect(git('worktree', 'list').trim().split('\n')).toHaveLength(1);
  });

  it('find the merge base also from a folder of the repository', async () => {
    history();
    process.chdir('k8s');
    const [{ objects } = { objects: [] }] = await readAll([
      scenario(['web.yaml'], { kind: 'apply', from: 'git:base' }),
    ]);
    expect(JSON.stringify(objects[0]?.content)).toContain('nginx:1.22');
  });

  it('say so where the merge base has no manifests yet', async () => {
    history();
    const problems = await problemsOf(() =>
      readAll([scenario(['new'], { kind: 'apply', from: 'git:base' })]),
    );
    expect(codesAndPlaces(problems)).toEqual(['RP1041 update: apply:git:base']);
    expect(problems[0]?.why).toContain('the first that has them');
  });

  it('say so where there is no merge base, no repository, or no past at all', async () => {
    const of = (manifests: string[]) =>
      problemsOf(() => readAll([scenario(manifests, { kind: 'apply', from: 'git:base' })]));
    write('k8s/web.yaml', WEB);
    expect(codesAndPlaces(await of(['k8s']))).toEqual(['RP1040 update: apply:git:base']);
    git('init', '-q', '-b', 'elsewhere');
    git('add', '.');
    git('commit', '-q', '-m', 'only');
    const [shallow] = await of(['k8s']);
    expect(shallow).toMatchObject({ code: 'RP1040', remedy: expect.stringContaining('fetch-depth: 0') });
    expect(codesAndPlaces(await of(['-']))).toEqual(['RP1041 update: apply:git:base']);
  });

  it('have the problem of a file told once, however many scenarios name it', async () => {
    const one = scenario(['absent.yaml'], { kind: 'restart' });
    expect(codesAndPlaces(await problemsOf(() => readAll([one, one])))).toEqual(['RP1020 absent.yaml']);
  });
});

async function withPath<T>(folder: string, action: () => Promise<T>): Promise<T> {
  const before = process.env.PATH;
  process.env.PATH = folder;
  try {
    return await action();
  } finally {
    process.env.PATH = before;
  }
}
