import { execFile } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.ts';

const PROGRAM = resolve('dist/cli.js');

const tempFolder = tempFolders();

interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `rollproof check …` in a folder that holds these files. */
async function check(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Run> {
  return await checkIn(folderWith(files), args);
}

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = tempFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function checkIn(cwd: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Run> {
  // As on a person's own machine, also where the tests themselves run in a workflow.
  const { GITHUB_ACTIONS: _actions, GITHUB_WORKSPACE: _workspace, ...env } = process.env;
  return await new Promise((done) => {
    execFile(
      process.execPath,
      [PROGRAM, 'check', ...args],
      { cwd, env: { ...env, ...more } },
      (error, stdout, stderr) =>
        done({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

const APP = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  strategy:
    type: Recreate
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: nginx
          ports: [{containerPort: 80}]
          readinessProbe: {httpGet: {path: /, port: 80}}
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports: [{port: 80}]
`;
const SURE = APP.replace('type: Recreate', 'type: RollingUpdate');

describe.concurrent('rollproof check, as a user starts it', () => {
  it('tells place, severity, cause, what to write and the page, and ends with 1 for an error', async () => {
    const { exitCode, stdout, stderr } = await check({ 'app.yaml': APP }, 'app.yaml');
    expect(stdout).toContain('app.yaml:6:3: error no-endpoints\n');
    expect(stdout).toContain('app.yaml:15:11: warning stops-before-endpoint-removal\n');
    expect(stdout).toContain(
      'Below line 15:\n      lifecycle:\n        preStop:\n          sleep:\n            seconds: 5\n',
    );
    expect(stdout).toContain('docs/causes/no-endpoints.md');
    expect(stdout).toContain('1 error, 1 warning, 0 infos about 1 Deployment.');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
  });

  it('ends with 0 where nothing is sure, and with 1 where that is asked for', async () => {
    expect(await check({ 'app.yaml': SURE }, '.')).toMatchObject({ exitCode: 0 });
    expect(await check({ 'app.yaml': SURE }, '.', '--fail-on', 'warning')).toMatchObject({ exitCode: 1 });
    expect(await check({ 'app.yaml': APP }, '.', '--fail-on', 'never')).toMatchObject({ exitCode: 0 });
  });

  it('prints JSON for programs and nothing beside it', async () => {
    const { stdout } = await check({ 'app.yaml': APP }, 'app.yaml', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      deployments: 1,
      findings: [
        {
          cause: 'no-endpoints',
          severity: 'error',
          object: { kind: 'Deployment', name: 'web' },
          place: { file: 'app.yaml', line: 6, column: 3 },
          page: 'docs/causes/no-endpoints.md',
        },
        { cause: 'stops-before-endpoint-removal', severity: 'warning' },
      ],
      notCovered: [],
    });
  });

  it('prints annotations for GitHub behind the text', async () => {
    const { stdout } = await check({ 'app.yaml': APP }, 'app.yaml', '--format', 'github');
    expect(stdout).toContain(
      '::error file=app.yaml,line=6,col=3,title=Rollproof check%3A no-endpoints::Deployment web: With',
    );
    expect(stdout).toContain('::warning file=app.yaml,line=15,col=11,');
  });

  it('takes paths as the other commands and kubectl do, too', async () => {
    const files = { 'a.yaml': APP, 'b.yaml': SURE };
    const asPaths = await check(files, 'a.yaml', 'b.yaml');
    expect(asPaths).toMatchObject({ exitCode: 1, stderr: '' });
    expect(await check(files, '-f', 'a.yaml', '-f', 'b.yaml')).toEqual(asPaths);
    expect(await check(files, 'a.yaml', '--manifests', 'b.yaml')).toEqual(asPaths);
  });

  it('takes what the config file deploys where no path is given', async () => {
    const config = 'version: 1\napp:\n  manifests: [app.yaml]\n';
    expect(await check({ 'app.yaml': APP, 'rollproof.yml': config })).toMatchObject({ exitCode: 1 });
    const nothing = await check({});
    expect(nothing.exitCode).toBe(2);
    expect(nothing.stderr).toContain('RP1014');
  });

  it('takes one object in two overlays for two of the same, not for a mistake', async () => {
    const { exitCode, stdout } = await check({ 'a.yaml': APP, 'b.yaml': APP }, 'a.yaml', 'b.yaml');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('2 errors');
    expect(stdout).not.toContain('selector-mismatch');
  });

  it('refuses options and files that are wrong, with 2', async () => {
    expect(await check({ 'app.yaml': APP }, 'app.yaml', '--format', 'xml')).toMatchObject({ exitCode: 2 });
    expect(await check({ 'app.yaml': APP }, 'app.yaml', '--kubernetes-version', 'new')).toMatchObject({
      exitCode: 2,
    });
    const { exitCode, stderr } = await check({ 'app.yaml': 'a: [' }, 'app.yaml');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('RP1007');
  });

  it('annotates by itself in a workflow, and reads nothing out of the checked out folder there', async () => {
    const workspace = folderWith({ 'app.yaml': APP });
    const workflow = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: workspace };
    expect((await checkIn(workspace, ['app.yaml'], workflow)).stdout).toContain('::error file=app.yaml,');
    symlinkSync(join(folderWith({ 'secret.yaml': APP }), 'secret.yaml'), join(workspace, 'link.yaml'));
    const { exitCode, stdout, stderr } = await checkIn(workspace, ['link.yaml'], workflow);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('RP1024');
  });

  it('says once what a finding is about', async () => {
    const { stdout } = await check(
      { 'app.yaml': SURE.replace('port: 80}]\n', 'port: 80, targetPort: web}]\n') },
      '.',
    );
    expect(stdout).toContain('\n  Service web forwards port 80 to web, and no container of Deployment web');
    expect(stdout).toContain('\n  Deployment web: Container web has no preStop hook');
  });

  it('prints names from a file so that they can do nothing', async () => {
    const hostile = APP.replace('- name: web', '- name: "::error::owned"').replaceAll(
      'image: nginx',
      'image: "\\e[31mred"',
    );
    const { stdout } = await check({ 'app.yaml': hostile }, 'app.yaml', '--format', 'github');
    expect(stdout).not.toContain('\u001b');
    expect(stdout.split('\n').filter((line) => line.startsWith('::error::'))).toEqual([]);
  });
});
