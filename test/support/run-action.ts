import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A machine as a workflow step finds it: an empty folder with the Action in it, and the runner's files. */
export interface ActionRunner {
  /** The repository that was checked out; the step's working directory. */
  readonly workspace: string;
  /** Runs an entry of the Action the way the runner does: environment variables in, files out. */
  run(entry: 'main' | 'post', environment?: Readonly<Record<string, string>>): Promise<StepEnd>;
  /** What the step appended to a file of the runner's: `GITHUB_OUTPUT`, `GITHUB_STEP_SUMMARY`. */
  file(name: 'GITHUB_OUTPUT' | 'GITHUB_STATE' | 'GITHUB_STEP_SUMMARY'): string;
  /** Outputs of the step by name. */
  outputs(): Readonly<Record<string, string>>;
}

export interface StepEnd {
  readonly exitCode: number | null;
  readonly log: string;
}

export interface ActionStep {
  /** `with:` of the step. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The event's payload. */
  readonly payload: unknown;
  readonly environment: Readonly<Record<string, string>>;
  /** Files of the checked-out repository, by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Sets the machine up. Nothing of this checkout is there but what the Action ships: no node_modules, no sources. */
export function actionRunner({ inputs, payload, environment, files }: ActionStep): ActionRunner {
  const root = mkdtempSync(join(tmpdir(), 'rollproof-action-'));
  const action = join(root, 'action');
  const workspace = join(root, 'workspace');
  const temp = join(root, 'temp');
  for (const folder of [action, workspace, temp]) mkdirSync(folder);
  for (const shipped of ['action.yml', 'dist', 'kind-configs']) {
    cpSync(shipped, join(action, shipped), { recursive: true });
  }
  for (const [path, content] of Object.entries(files)) writeFileSync(join(workspace, path), content);
  const runnerFile = (name: string) => join(root, name.toLowerCase());
  const runnerFiles = ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY'] as const;
  for (const name of runnerFiles) writeFileSync(runnerFile(name), '');
  writeFileSync(runnerFile('event'), JSON.stringify(payload));

  return {
    workspace,
    run: (entry, more = {}) =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [join(action, 'dist', `${entry}.js`)], {
          cwd: workspace,
          stdio: ['ignore', 'pipe', 'pipe'],
          env: {
            ...machine(),
            CI: 'true',
            GITHUB_ACTIONS: 'true',
            GITHUB_WORKSPACE: workspace,
            GITHUB_EVENT_PATH: runnerFile('event'),
            RUNNER_TEMP: temp,
            ...Object.fromEntries(runnerFiles.map((name) => [name, runnerFile(name)])),
            ...Object.fromEntries(
              Object.entries(inputs).map(([name, value]) => [inputVariable(name), value]),
            ),
            ...environment,
            ...stateOf(runnerFile('GITHUB_STATE')),
            ...more,
          },
        });
        let log = '';
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding('utf8').on('data', (chunk: string) => {
            log += chunk;
          });
        }
        child.on('close', (exitCode) => resolve({ exitCode, log }));
      }),
    file: (name) => readFileSync(runnerFile(name), 'utf8'),
    outputs: () => Object.fromEntries(entries(readFileSync(runnerFile('GITHUB_OUTPUT'), 'utf8'))),
  };
}

/** As the runner names it: `INPUT_FAIL-ON`. */
function inputVariable(name: string): string {
  return `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`;
}

function machine(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME };
}

/** What `main` saved comes back to `post` as STATE_ variables. */
function stateOf(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  return Object.fromEntries(
    entries(readFileSync(file, 'utf8')).map(([name, value]) => [`STATE_${name}`, value]),
  );
}

/** The runner's file format: `name<<delimiter`, the value, the delimiter. */
function entries(text: string): [string, string][] {
  return [...text.matchAll(/^(.+?)<<(.+)\n([\s\S]*?)\n?\2$/gm)].map((match) => [
    match[1] ?? '',
    match[3] ?? '',
  ]);
}
