import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LineCounter, parseDocument } from 'yaml';
import { gateOutputs } from '../../src/publish/outputs.ts';
import { asJson, asList, at, type Json } from '../support/json.ts';
import { aGateResult } from '../support/results.ts';

const root = path.resolve(import.meta.dirname, '../..');
const action = parsed('action.yml');
const actionInputs = Object.keys(asJson(action.inputs));
const actionOutputs = Object.keys(asJson(action.outputs));

/** Names under which a workflow runs this Action, and under which it calls its gate. */
const OURS = /^(\.\/|rollproof\/rollproof@v\d+)$/;
const OUR_GATE = /^rollproof\/rollproof\/(\.github\/workflows\/gate\.yml)@v\d+$/;

const workflows = ['workflows', '.github/workflows'].flatMap((folder) =>
  readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`),
);

describe('action.yml', () => {
  it('has exactly the outputs that are written', () => {
    const written = Object.keys(gateOutputs(aGateResult(), { reportDir: '', resultJson: '' }));
    expect(actionOutputs.toSorted()).toEqual(written.toSorted());
  });
});

describe('the folder of examples', () => {
  it('has the ones that people look for', () => {
    expect(readdirSync(path.join(root, 'workflows')).toSorted()).toEqual([
      'image-built-in-the-pull-request.yml',
      'matrix-of-cnis.yml',
      'minimal.yml',
      'reusable.yml',
    ]);
  });
});

describe.each(workflows)('%s', (file) => {
  const workflow = parsed(file);
  const jobs = Object.entries(asJson(workflow.jobs)).map(([id, job]) => ({ id, job: asJson(job) }));
  const steps = jobs.flatMap(({ job }) => asList(job.steps).map(asJson));
  const ourSteps = steps.filter(({ uses }) => OURS.test(String(uses)));

  it('has a name, triggers and at least one job', () => {
    expect(workflow.name).toEqual(expect.any(String));
    expect(workflow.on).toBeDefined();
    expect(jobs.length).toBeGreaterThan(0);
  });

  it('gives the Action nothing but inputs that it has', () => {
    for (const step of ourSteps)
      expect(actionInputs).toEqual(expect.arrayContaining(Object.keys(asJson(step.with))));
  });

  it('reads nothing but outputs that the Action has', () => {
    const ids = new Set(ourSteps.map(({ id }) => id).filter(Boolean));
    for (const [, id, output] of text(file).matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)) {
      expect([...ids]).toContain(id);
      expect(actionOutputs).toContain(output);
    }
  });

  it('grants nothing by default that a job does not need', () => {
    expect(workflow.permissions).toSatisfy((granted) =>
      [{}, { contents: 'read' }].some((least) => same(granted, least)),
    );
    for (const { job } of jobs) {
      for (const [scope, access] of Object.entries(asJson(job.permissions))) {
        expect(['contents: read', 'pull-requests: write']).toContain(`${scope}: ${access}`);
      }
    }
  });

  it('grants what a comment needs where one is written', () => {
    for (const { job } of jobs) {
      const comments = asList(job.steps)
        .map(asJson)
        .filter(({ uses }) => OURS.test(String(uses)));
      if (comments.some((step) => at(step, 'with', 'comment') !== 'never')) {
        expect(job.permissions).toEqual({ contents: 'read', 'pull-requests': 'write' });
      }
    }
  });

  it('puts no expression into a script: its value could be more than a word', () => {
    for (const { run } of steps) expect(String(run ?? '')).not.toContain('${{');
  });

  it('pins what others have made to a commit, with the version for people', () => {
    const foreign = [...text(file).matchAll(/uses: (?!\.\/|rollproof\/rollproof)(.*)$/gm)].map(
      ([, uses]) => uses,
    );
    for (const uses of foreign) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('leaves no token behind in the checkout', () => {
    for (const step of steps.filter(({ uses }) => String(uses).startsWith('actions/checkout@'))) {
      expect(at(step, 'with', 'persist-credentials')).toBe(false);
    }
  });

  it('ends some day', () => {
    for (const { job } of jobs) expect(job.uses ?? job['timeout-minutes']).toBeDefined();
  });

  it('does not run under pull_request_target, which Rollproof refuses for forks', () => {
    expect(Object.keys(asJson(workflow.on))).not.toContain('pull_request_target');
  });

  it('waits only for jobs that exist, also where they have failed', () => {
    for (const { job } of jobs.filter(({ job }) => job.needs !== undefined)) {
      const needs = Array.isArray(job.needs) ? job.needs : [job.needs];
      expect(jobs.map(({ id }) => id)).toEqual(expect.arrayContaining(needs));
      expect(job.if).toMatch(/\balways\(\)/);
    }
  });

  it('calls other workflows with inputs they have and permissions they want', () => {
    for (const { job } of jobs.filter(({ job }) => job.uses !== undefined)) {
      const called = parsed(OUR_GATE.exec(String(job.uses))?.[1] ?? '');
      const declared = Object.keys(asJson(at(called, 'on', 'workflow_call', 'inputs')));
      expect(declared).toEqual(expect.arrayContaining(Object.keys(asJson(job.with))));
      for (const inner of Object.values(asJson(called.jobs))) {
        expect(job.permissions).toMatchObject(asJson(asJson(inner).permissions));
      }
    }
  });

  it('reads the inputs it declares, all of them and no others', () => {
    const declared = Object.keys(asJson(at(workflow, 'on', 'workflow_call', 'inputs')));
    const read = new Set([...text(file).matchAll(/\binputs\.([\w-]+)/g)].map(([, name]) => name));
    expect([...read].toSorted()).toEqual(declared.toSorted());
  });
});

describe('workflow snippets in the documents', () => {
  const documents = ['', 'docs/'].flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => folder + name),
  );
  const snippets = documents.flatMap((name) =>
    [...text(name).matchAll(/^```ya?ml\n(.*?)^```/gms)]
      .map(([, snippet = '']) => ({ name, snippet }))
      .filter(({ snippet }) => snippet.includes('uses: rollproof/rollproof@')),
  );

  it('are found', () => {
    expect(snippets.length).toBeGreaterThan(0);
  });

  it.each(snippets)('in $name give the Action inputs that it has', ({ snippet }) => {
    const { errors, value } = parse(snippet);
    expect(errors).toEqual([]);
    for (const step of stepsIn(value)) {
      if (OURS.test(String(step.uses))) {
        expect(actionInputs).toEqual(expect.arrayContaining(Object.keys(asJson(step.with))));
      }
    }
  });
});

/** Every step anywhere in a snippet, whether it is a whole workflow, a job or a list of steps. */
function stepsIn(value: unknown): Json[] {
  if (Array.isArray(value)) return value.flatMap(stepsIn);
  if (typeof value !== 'object' || value === null) return [];
  return 'uses' in value ? [asJson(value)] : Object.values(value).flatMap(stepsIn);
}

function text(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

/** A file that must be one YAML document without a warning. */
function parsed(file: string): Json {
  const { errors, value } = parse(text(file));
  expect(errors, file).toEqual([]);
  return asJson(value);
}

function parse(source: string): { readonly errors: readonly string[]; readonly value: unknown } {
  const document = parseDocument(source, { lineCounter: new LineCounter(), prettyErrors: true });
  return {
    errors: [...document.errors, ...document.warnings].map(({ message }) => message),
    value: document.errors.length > 0 ? undefined : document.toJS(),
  };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
