import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CLI_OPTIONS, readCliOptions } from '../../src/inputs/cli-arguments.ts';
import { configJsonSchema, configSchema } from '../../src/inputs/config-schema.ts';
import { INPUT_NAMES, inputOption, longFlag } from '../../src/inputs/options.ts';

const action = parse(readFileSync('action.yml', 'utf8'));

describe('the table of inputs', () => {
  it('is what action.yml offers, in its order and its words', () => {
    expect(Object.keys(action.inputs)).toEqual(INPUT_NAMES);
    for (const name of INPUT_NAMES)
      expect(action.inputs[name].description).toContain(inputOption(name).description);
  });

  it('leaves defaults out of action.yml, where they would override the config file', () => {
    const withDefault = INPUT_NAMES.filter((name) => action.inputs[name].default !== undefined);
    expect(withDefault).toEqual(['github-token']);
    expect(action.inputs['github-token'].default).toBe('$' + '{{ github.token }}');
  });

  it('gives every input exactly one option of the command line', () => {
    const flags = INPUT_NAMES.map(longFlag);
    expect(new Set(flags).size).toBe(INPUT_NAMES.length);
    expect(CLI_OPTIONS.map(({ flags: declared }) => /--[a-z-]+/.exec(declared)?.[0])).toEqual(flags);
  });

  it('has the short options that people expect', () => {
    const short = INPUT_NAMES.filter((name) => inputOption(name).short !== undefined);
    expect(short.map((name) => `${inputOption(name).short} ${name}`)).toEqual([
      '-f manifests',
      '-c config',
      '-o output',
    ]);
  });

  it('has every key of the config file, and the config file every key of it', () => {
    const { cluster, app, probe, report } = configSchema.shape;
    const sections = { cluster, app, probe, report };
    const keys = Object.entries(sections).flatMap(([section, schema]) =>
      Object.keys(schema.unwrap().shape).map((key) => `${section}.${key}`),
    );
    const paths = INPUT_NAMES.flatMap((name) => inputOption(name).configPath?.join('.') ?? []);
    expect(paths.toSorted()).toEqual([...keys, 'update', 'parallel'].toSorted());
  });

  it('lets a scenario have its own of what the table says, and of nothing else', () => {
    const perScenario = INPUT_NAMES.filter((name) => inputOption(name).perScenario);
    const scenario = configSchema.shape.scenarios.unwrap().element;
    expect(Object.keys(scenario.shape).toSorted()).toEqual(['name', ...perScenario].toSorted());
  });

  it('keeps what a pull request must not decide out of the config file', () => {
    for (const name of ['github-token', 'allow-unsafe-event', 'config'] as const) {
      expect(inputOption(name).configPath).toBeUndefined();
    }
  });
});

describe('the command line', () => {
  it('gives each option as the input of its name', () => {
    const command = new Command('run').exitOverride();
    for (const { flags, description } of CLI_OPTIONS) command.addOption(new Option(flags, description));
    const words =
      '-f a.yaml b.yaml --scenario one two --rate 50 --keep --kube-proxy-mode ipvs -o out --expect-status 200';
    command.parse(words.split(' '), { from: 'user' });
    expect(Object.fromEntries(readCliOptions(command.opts()))).toEqual({
      manifests: { given: ['a.yaml', 'b.yaml'], label: '--manifests' },
      scenarios: { given: ['one', 'two'], label: '--scenario' },
      rate: { given: '50', label: '--rate' },
      keep: { given: true, label: '--keep' },
      'kube-proxy-mode': { given: 'ipvs', label: '--kube-proxy-mode' },
      output: { given: 'out', label: '--output' },
      'expect-status': { given: '200', label: '--expect-status' },
    });
  });
});

describe('the published schema', () => {
  it('is up to date (node scripts/write-schema.ts)', () => {
    const published: unknown = JSON.parse(readFileSync('schema/rollproof.schema.json', 'utf8'));
    expect(published).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  it('describes every key', () => {
    const bare: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [name, value] of Object.entries(schema)) {
        if (name === 'properties') {
          for (const [key, property] of Object.entries(value as object)) {
            if (!path.endsWith('update') && !('description' in (property as object)))
              bare.push(`${path}.${key}`);
            visit(property, `${path}.${key}`);
          }
        } else visit(value, path);
      }
    };
    visit(configJsonSchema(), '');
    expect(bare).toEqual([]);
  });
});
