import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseConfigFile } from '../../src/inputs/config-file.ts';
import { parseManifests } from '../../src/inputs/manifests/parse-manifests.ts';
import { mergeSettings } from '../../src/inputs/merge.ts';
import { INPUT_NAMES, inputOption } from '../../src/inputs/options.ts';
import { parseInputs } from '../../src/inputs/raw-inputs.ts';
import { BadInputError, type Problem } from '../../src/model/problem.ts';
import type { Settings } from '../../src/model/settings.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { renderProblems } from '../../src/report/problem-text.ts';
import { anyText } from '../support/any-text.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { recognisedCommands } from '../support/runner-log-commands.ts';

/** Only BadInputError may come out, with problems that are whole and harmless to print. */
function holds(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    for (const problem of error.problems) expect(isWhole(problem)).toBe(true);
    expect(recognisedCommands(renderProblems(error.problems))).toEqual([]);
  }
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
}

function isWhole({ code, what, remedy }: Problem): boolean {
  return /^RP1\d{3}$/.test(code) && what.length > 5 && what.length < 2000 && remedy.length > 5;
}

const hostile = fc.oneof(
  anyText({ maxLength: 40 }),
  fc.constantFrom(
    '::error::x',
    '##[error]x',
    '\u001b[31m',
    '__proto__',
    '{{ .x }}',
    '!!js/function x',
    '&a [*a]',
    '<<: *a',
    '0o17',
    '~',
    '- '.repeat(200),
  ),
);
const keys = ['version', 'cluster', 'app', 'probe', 'report', 'scenarios', 'update', ...INPUT_NAMES];
const leaf = fc.oneof(
  hostile,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('5s', 'new', 'calico', 'restart', '200-399'),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium' },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...keys), hostile), tie('tree'), { maxKeys: 5 }),
  ),
}));

const configTree = fc.record(
  {
    version: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: leaf }),
    cluster: tree,
    app: tree,
    probe: tree,
    report: tree,
    update: tree,
    scenarios: fc.oneof(
      tree,
      fc.array(fc.dictionary(fc.constantFrom('name', ...keys), leaf), { maxLength: 3 }),
    ),
  },
  { requiredKeys: ['version'] },
);

/** Text with a few characters lost, doubled or replaced. */
function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.oneof(fc.constant(''), hostile),
    fc.nat(3),
  );
  return fc.tuple(text, fc.array(change, { maxLength: 6 })).map(([original, changes]) =>
    changes.reduce((current, [where, insert, drop]) => {
      const at = Math.floor(where * current.length);
      return current.slice(0, at) + insert + current.slice(at + drop);
    }, original),
  );
}

const asYaml = (value: fc.Arbitrary<unknown>) => value.map((one) => stringify(one));

const labels = fc.dictionary(
  fc.constantFrom('app', 'tier'),
  fc.oneof({ weight: 5, arbitrary: fc.constant('web') }, leaf),
  { maxKeys: 2 },
);
const port = fc.record(
  {
    name: leaf,
    port: fc.oneof(fc.constant(80), leaf),
    targetPort: fc.oneof(fc.constant('http'), leaf),
    protocol: fc.oneof(fc.constant('TCP'), leaf),
  },
  { requiredKeys: ['port'] },
);
const container = fc.record({
  name: fc.oneof(fc.constant('web'), leaf),
  image: leaf,
  ports: tree,
  env: tree,
  readinessProbe: tree,
});
const kubernetesObject = fc.oneof(
  fc.record({
    apiVersion: fc.constant('apps/v1'),
    kind: fc.constantFrom('Deployment', 'StatefulSet'),
    metadata: fc.record({ name: fc.constantFrom('web', 'api', '::error::x') }),
    spec: fc.oneof(
      tree,
      fc.record({
        replicas: leaf,
        paused: leaf,
        strategy: tree,
        selector: fc.record({ matchLabels: labels }),
        template: fc.oneof(
          tree,
          fc.record({
            metadata: fc.record({ labels }),
            spec: fc.record({ containers: fc.array(container) }),
          }),
        ),
      }),
    ),
  }),
  fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Service'),
    metadata: fc.record({ name: fc.constantFrom('web', 'api') }),
    spec: fc.oneof(
      tree,
      fc.record({ type: leaf, clusterIP: leaf, selector: labels, ports: fc.oneof(tree, fc.array(port)) }),
    ),
  }),
);

function settings(scenario: Readonly<Record<string, unknown>>): Settings {
  const { settings: merged } = mergeSettings({
    inputs: scenario,
    labelOf: (name) => name,
    inputFolder: '',
    fileFolder: '',
  });
  return merged;
}

describe('whatever is written', () => {
  it('in a config file ends as a config or as bad input', () => {
    const text = fc.oneof(mutated(asYaml(configTree)), asYaml(configTree), anyText({ maxLength: 300 }));
    fc.assert(
      fc.property(text, (one) => holds(() => parseConfigFile('rollproof.yml', one))),
      propertyRuns(100),
    );
  });

  it('in a manifest ends as objects or as bad input', () => {
    const text = fc.oneof(mutated(asYaml(kubernetesObject)), asYaml(tree), anyText({ maxLength: 300 }));
    fc.assert(
      fc.property(text, fc.constantFrom('a.yaml', 'a.json'), (one, file) =>
        holds(() => parseManifests({ file, text: one })),
      ),
      propertyRuns(100),
    );
  });

  it('as an input ends as a value or as a problem', () => {
    const given = fc.oneof(
      hostile,
      fc.array(hostile, { maxLength: 3 }),
      fc.boolean(),
      fc.constantFrom('5s', '100', 'new', 'true'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...INPUT_NAMES), given, (name, one) => {
        const { values, problems } = parseInputs(new Map([[name, { given: one, label: `--${name}` }]]));
        expect(Object.keys(values).length + problems.length).toBe(1);
        expect(problems.every(isWhole)).toBe(true);
        if (inputOption(name).form === 'text' && typeof one === 'boolean') expect(problems).toHaveLength(1);
      }),
      propertyRuns(500),
    );
  });

  it('in objects and settings ends as a plan or as bad input', () => {
    const scenario = fc.record(
      {
        target: fc.oneof(fc.constantFrom('service/web', 'web:80', 'web:http#host-port'), hostile),
        path: fc.oneof(fc.constant('/x'), hostile),
        deployment: fc.oneof(fc.constantFrom('web', 'api'), hostile),
        vantage: fc.constantFrom('runner', 'pod'),
        update: fc.oneof(
          fc.constantFrom({ kind: 'restart' }, { kind: 'move' }, { kind: 'apply', from: 'next' }),
          fc.record({ kind: fc.constant('image'), container: hostile, image: hostile }),
          fc.record({ kind: fc.constant('env'), name: hostile, value: hostile }),
        ),
        rate: fc.integer({ min: 1, max: 5000 }),
      },
      { requiredKeys: [] },
    );
    const given = fc.array(kubernetesObject, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(given, given, scenario, (before, after, one) =>
        holds(() => {
          const read = (all: readonly unknown[]) =>
            parseManifests({ file: 'app.yaml', text: all.map((each) => `---\n${stringify(each)}`).join('') });
          const manifests = { objects: read(before), updatedObjects: read(after) };
          makePlan(settings({ ...one, manifests: ['app.yaml'] }), [manifests, manifests]);
        }),
      ),
      propertyRuns(100),
    );
  });
});
