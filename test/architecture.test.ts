import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What a room may import besides itself and `model`. docs/architecture.md draws the same picture. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  platform: [],
  inputs: ['platform'],
  plan: [],
  check: [],
  cluster: ['platform'],
  workload: ['platform', 'cluster'],
  prober: ['platform', 'cluster'],
  rollout: ['platform', 'cluster'],
  recording: [],
  verdict: [],
  report: ['verdict'],
  publish: ['platform'],
  gate: [
    'plan',
    'check',
    'cluster',
    'workload',
    'prober',
    'rollout',
    'recording',
    'verdict',
    'report',
    'platform',
    'inputs',
  ],
  cli: [
    'inputs',
    'plan',
    'check',
    'cluster',
    'gate',
    'recording',
    'verdict',
    'report',
    'publish',
    'platform',
  ],
  action: ['inputs', 'plan', 'cluster', 'gate', 'recording', 'verdict', 'report', 'publish', 'platform'],
};

/** Where each foreign package may be imported: its home. Prefixes of paths below src/. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  execa: ['platform/process.ts'],
  undici: ['prober/program/', 'platform/download.ts'],
  '@kubernetes/client-node': ['platform/kube-', 'cluster/', 'workload/', 'rollout/', 'prober/vantage/'],
  '@actions/core': ['inputs/action-inputs.ts', 'publish/', 'action/'],
  '@actions/github': ['platform/github.ts'],
  'markdown-table': ['report/'],
  'csv-stringify': ['report/'],
  'junit-report-builder': ['report/'],
  uplot: ['report/'],
  yaml: ['inputs/', 'cluster/'],
  zod: ['inputs/'],
  commander: ['cli/'],
  ws: ['prober/program/'],
  'immutable-json-patch': ['cluster/sandbox/'],
  'kubernetes-types': ['cluster/sandbox/'],
  tinyglobby: ['inputs/'],
};

/** Rooms whose answer depends on what they are given and on nothing else. */
const PURE: readonly string[] = ['model', 'plan', 'check', 'verdict', 'report'];

/** What the outside is called where it needs no import. */
const OUTSIDE =
  /\b(?:process\.(?!ts\b)|fetch\(|Date\.now|new Date\(\)|performance\.|Math\.random|crypto\.|set(?:Timeout|Interval|Immediate)\()/;

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const imports = sourceFiles('src').flatMap(importsOf);

describe('architecture', () => {
  it('sees the sources it judges', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  it('rooms import only in the direction of the sentence', () => {
    const wrong = imports
      .filter(({ to }) => to.startsWith('src/'))
      .map((edge) => ({ ...edge, fromRoom: room(edge.from), toRoom: room(edge.to) }))
      .filter(({ fromRoom, toRoom }) => fromRoom !== toRoom && toRoom !== 'model')
      .filter(({ fromRoom, toRoom }) => !MAY_IMPORT[fromRoom]?.includes(toRoom));
    expect(wrong).toEqual([]);
  });

  it('rooms take from cluster its port and nothing else', () => {
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        ['workload', 'prober', 'rollout'].includes(room(from)) &&
        room(to) === 'cluster' &&
        !(typeOnly && to === 'src/cluster/cluster-provider.ts'),
    );
    expect(wrong).toEqual([]);
  });

  it('the sandbox has one door', () => {
    const inside = 'src/cluster/sandbox/';
    const wrong = imports.filter(
      ({ from, to }) =>
        to.startsWith(inside) && !from.startsWith(inside) && to !== `${inside}sandbox-provider.ts`,
    );
    expect(wrong).toEqual([]);
  });

  it('every foreign package has one home', () => {
    const wrong = imports
      // Our own data files (package.json, schema/) are read where they are.
      .filter(({ to }) => !to.startsWith('src/') && !to.startsWith('node:') && !to.endsWith('.json'))
      .filter(({ from, to }) => {
        const homes = HOMES[packageOf(to)];
        return !homes?.some((home) => relative('src', from).startsWith(home));
      });
    expect(wrong).toEqual([]);
  });

  it('pure rooms know nothing of the outside: no file, no process, no network, no clock, no chance', () => {
    const modules = imports.filter(
      ({ from, to }) => PURE.includes(room(from)) && to.startsWith('node:') && to !== 'node:util',
    );
    const globals = PURE.flatMap((name) => sourceFiles(join('src', name))).filter((file) =>
      OUTSIDE.test(readFileSync(file, 'utf8')),
    );
    expect({ modules, globals }).toEqual({ modules: [], globals: [] });
  });

  it('imports stand at the top of a file, where they can be judged; two places alone choose what they load', () => {
    const hidden = sourceFiles('src').filter((file) =>
      /\b(?:import|require)\(/.test(readFileSync(file, 'utf8')),
    );
    expect(hidden).toEqual([
      'src/cli/main.ts',
      // Most streams need sockets and nothing else: their prober loads no protocol besides.
      'src/prober/program/transports/open-transport.ts',
    ]);
  });

  it('every room of src is in the table and the table has no room that is gone', () => {
    expect(readdirSync('src').sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });
});

function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function importsOf(from: string): Import[] {
  const pattern = /^\s*(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'/gm;
  return [...readFileSync(from, 'utf8').matchAll(pattern)].map((match) => {
    const target = match[2] ?? match[3] ?? '';
    const to = target.startsWith('.') ? normalize(join(dirname(from), target)) : target;
    return { from, to, typeOnly: match[1] !== undefined };
  });
}

function room(path: string): string {
  return path.split('/')[1] ?? '';
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}
