import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfigFile } from '../../src/inputs/config-file.ts';
import { configJsonSchema } from '../../src/inputs/config-schema.ts';
import { codesAndPlaces, problemsOf } from '../support/problems.ts';

const HEAD = 'version: 1\n';

describe('a good config file', () => {
  it('is read with its values in the units of Settings', () => {
    const { config } = parseConfigFile(
      'rollproof.yml',
      `${HEAD}cluster: {cni: calico, kubernetes-version: "v1.34"}
app:
  manifests: k8s
update: {image: web=shop/web:pr}
probe: {timeout: 1.5s, expect-status: 200, connection: [keep-alive, new]}
report: {fail-on: never}
`,
    );
    expect(config).toEqual({
      version: 1,
      cluster: { cni: 'calico', 'kubernetes-version': '1.34' },
      app: { manifests: ['k8s'] },
      update: { kind: 'image', container: 'web', image: 'shop/web:pr' },
      probe: {
        timeout: 1500,
        'expect-status': { statusFrom: 200, statusTo: 200 },
        connection: ['new', 'keep-alive'],
      },
      report: { 'fail-on': [] },
    });
  });

  it('may have Windows line ends and comments', () => {
    expect(
      parseConfigFile('rollproof.yml', '# ours\r\nversion: 1\r\nprobe:\r\n  rate: 50\r\n').config.probe,
    ).toEqual({ rate: 50 });
  });

  it.each([
    ['restart', { kind: 'restart' }],
    ['move', { kind: 'move' }],
    ['apply:k8s/next', { kind: 'apply', from: 'k8s/next' }],
    ['apply:git:base', { kind: 'apply', from: 'git:base' }],
    [
      'image:web=registry:5000/shop/web@sha256:ab',
      { kind: 'image', container: 'web', image: 'registry:5000/shop/web@sha256:ab' },
    ],
    ['env:RELEASE=a=b c', { kind: 'env', name: 'RELEASE', value: 'a=b c' }],
    ['sequence:VERSION', { kind: 'sequence', name: 'VERSION', from: 1, to: 2 }],
    ['env:EMPTY=', { kind: 'env', name: 'EMPTY', value: '' }],
    [
      'command:helm upgrade web ./chart --set a=b',
      { kind: 'command', command: 'helm upgrade web ./chart --set a=b' },
    ],
  ])('understands update %s', (written, update) => {
    expect(parseConfigFile('f', `${HEAD}update: ${JSON.stringify(written)}`).config.update).toEqual(update);
    const [kind, detail] = [written.slice(0, written.indexOf(':')), written.slice(written.indexOf(':') + 1)];
    if (!written.includes(':')) return;
    expect(parseConfigFile('f', `${HEAD}update: {${kind}: ${JSON.stringify(detail)}}`).config.update).toEqual(
      update,
    );
  });

  it.each(
    ['demo', 'seamless', 'connections', 'protocols', 'clients'].map(
      (name) => `examples/${name}/rollproof.yml`,
    ),
  )('%s is one, for the schema too', (file) => {
    const text = readFileSync(file, 'utf8');
    expect(parseConfigFile(file, text).config.version).toBe(1);
    const validate = new Ajv2020({ strict: false }).compile(configJsonSchema());
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
  });
});

describe('a bad config file', () => {
  it.each([
    ['nothing', '', ['RP1002 f.yml']],
    ['comments only', '# todo\n\n', ['RP1002 f.yml']],
    ['a list', '- version: 1', ['RP1005 f.yml:1:1']],
    ['two documents', `${HEAD}---\nversion: 1\n`, ['RP1018 f.yml:3:1']],
    ['no version', 'probe: {rate: 5}', ['RP1006 f.yml:1:1']],
    ['an unknown key', `${HEAD}senarios: []`, ['RP1003 f.yml:2:1']],
    ['an unknown key of a scenario', `${HEAD}scenarios:\n  - name: a\n    rat: 1`, ['RP1003 f.yml:4:5']],
    ['a duplicate key', `${HEAD}probe:\n  rate: 1\n  rate: 2`, ['RP1004 f.yml:4:3']],
    ['text for a number', `${HEAD}probe: {rate: "10"}`, ['RP1005 f.yml:2:9']],
    [
      'a number for a version, which YAML shortens',
      `${HEAD}cluster: {kubernetes-version: 1.30}`,
      ['RP1005 f.yml:2:11'],
    ],
    ['NaN', `${HEAD}probe: {rate: .nan}`, ['RP1005 f.yml:2:9']],
    ['infinity', `${HEAD}probe: {rate: .inf}`, ['RP1005 f.yml:2:9']],
    ['a number that overflows', `${HEAD}probe: {rate: 1e309}`, ['RP1005 f.yml:2:9']],
    ['rate 0', `${HEAD}probe: {rate: 0}`, ['RP1006 f.yml:2:9']],
    ['a negative rate', `${HEAD}probe: {rate: -5}`, ['RP1006 f.yml:2:9']],
    ['rate 5,001', `${HEAD}probe: {rate: 5001}`, ['RP1006 f.yml:2:9']],
    ['half a repetition', `${HEAD}probe: {repeat: 1.5}`, ['RP1005 f.yml:2:9']],
    ['a duration without a unit', `${HEAD}probe: {timeout: 5}`, ['RP1005 f.yml:2:9']],
    ['a duration of 0', `${HEAD}probe: {timeout: 0s}`, ['RP1006 f.yml:2:9']],
    ['a duration over its bound', `${HEAD}probe: {rollout-timeout: 31m}`, ['RP1006 f.yml:2:9']],
    ['no scenarios', `${HEAD}scenarios: []`, ['RP1006 f.yml:2:1']],
    ['1,001 scenarios', `${HEAD}scenarios:\n${'- {name: a}\n'.repeat(1001)}`, ['RP1006 f.yml:2:1']],
    ['a status range upside down', `${HEAD}probe: {expect-status: 400-200}`, ['RP1006 f.yml:2:9']],
    ['an update of no form', `${HEAD}update: upgrade`, ['RP1006 f.yml:2:1']],
    ['two updates', `${HEAD}update: {apply: a, env: b=c}`, ['RP1005 f.yml:2:1']],
    ['an unknown kind of update', `${HEAD}update: {patch: a}`, ['RP1005 f.yml:2:1']],
    ['an octal number of YAML 1.2', `${HEAD}probe: {rate: 0o17}`, ['RP1005 f.yml:2:9']],
    ['a time of YAML 1.1', `${HEAD}probe: {rate: 1:30}`, ['RP1005 f.yml:2:9']],
    ['a date', `${HEAD}probe: {rate: 2026-01-01}`, ['RP1005 f.yml:2:9']],
    ['no for a flag', `${HEAD}cluster: {keep: no}`, ['RP1005 f.yml:2:11']],
    ['nothing for a value', `${HEAD}probe: {rate: ~}`, ['RP1005 f.yml:2:9']],
    ['__proto__', `${HEAD}probe: {__proto__: {rate: 5}}`, ['RP1003 f.yml:2:9']],
    ['constructor', `${HEAD}app: {constructor: {prototype: 1}}`, ['RP1003 f.yml:2:7']],
    ['a prototype key', `${HEAD}prototype: 1`, ['RP1003 f.yml:2:1']],
    ['broken syntax', `${HEAD}probe: {rate: 5`, ['RP1007 f.yml:2:16']],
    ['a custom tag', `${HEAD}app: {path: !!js/function "x"}`, ['RP1008 f.yml:2:13']],
    ['a token', `${HEAD}report: {comment-key: ghp_${'a'.repeat(36)}}`, ['RP1009 f.yml:2:10']],
    ['a control character in a name', `${HEAD}scenarios: [{name: "a\\u001b[31m"}]`, ['RP1006 f.yml:2:14']],
    ['a name of 1 MB', `${HEAD}scenarios: [{name: ${'a'.repeat(1_000_000)}}]`, ['RP1006 f.yml:2:14']],
  ])('%s is refused at its place', async (_, text, expected) => {
    const problems = await problemsOf(() => parseConfigFile('f.yml', text));
    expect(codesAndPlaces(problems)).toEqual(expected);
    for (const { remedy, what } of problems) {
      expect(remedy).toMatch(/^[A-Z].{8,}/);
      expect(what.length).toBeLessThan(500);
    }
    expect(Reflect.get({}, 'rate')).toBeUndefined();
  });

  it('has all of its problems told at once', async () => {
    const problems = await problemsOf(() =>
      parseConfigFile(
        'f.yml',
        `${HEAD}senarios: []\nprobe:\n  rate: x\n  timeout: 5\nreport:\n  comment: sometimes\n`,
      ),
    );
    expect(codesAndPlaces(problems).toSorted()).toEqual([
      'RP1003 f.yml:2:1',
      'RP1005 f.yml:4:3',
      'RP1005 f.yml:5:3',
      'RP1006 f.yml:7:3',
    ]);
  });

  it.each([
    [`${HEAD}senarios: []`, 'Did you mean "scenarios"?'],
    [`${HEAD}cluster: {node_image: x}`, 'Did you mean "node-image"?'],
    [`${HEAD}cluster: {nodeImage: x}`, 'Did you mean "node-image"?'],
    [`${HEAD}probe: {nodes: 2}`, 'Did you mean "nodes" under "cluster"?'],
    [`${HEAD}probe: {parallel: 2}`, 'Did you mean "parallel" at the top of the file?'],
    [`${HEAD}xyzzy: 2`, 'Allowed here: version, cluster, app, update, probe, scenarios, parallel, report.'],
  ])('suggests the right word: %j', async (text, remedy) => {
    expect((await problemsOf(() => parseConfigFile('f', text)))[0]?.remedy).toContain(remedy);
  });

  it('does not repeat the token that it found', async () => {
    const token = `ghp_${'a1'.repeat(18)}`;
    const problems = await problemsOf(() => parseConfigFile('f', `${HEAD}app: {manifests: [${token}]}`));
    expect(JSON.stringify(problems)).not.toContain(token);
  });
});
