import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AcquireContext } from '../../src/cluster/cluster-provider.ts';
import { loadImages } from '../../src/cluster/kind/image-loading.ts';
import { finishedStage } from '../../src/cluster/kind/kind-cli.ts';
import { kindProvider } from '../../src/cluster/kind/kind-provider.ts';
import { BadInputError, EnvironmentError, type Problem } from '../../src/model/problem.ts';
import type { ClusterSettings } from '../../src/model/settings.ts';
import { aCluster } from '../support/a-cluster.ts';
import { fakeTools } from '../support/fake-tools.ts';
import { tempFolder } from '../support/temp-folder.ts';

const settings = aCluster();

const INFO = '{"ServerVersion":"28.0.4","CgroupVersion":"2","Architecture":"x86_64","DockerRootDir":"/"}';

/** A Docker that has an engine, no images, and the node containers that the fake kind has started. */
const DOCKER = `
case "$1 $2" in
  "info "*) echo '${INFO}' ;;
  "image ls") : ;;
  "image inspect") echo 'Error: No such image' >&2; exit 1 ;;
  "ps "*) if [ -e "$STATE/nodes" ]; then echo node1; fi ;;
esac`;

/** A kind whose creation gets as far as running nodes, and then does what is given. */
const kind = (then: string) => `
case "$1" in
  version) echo 'kind v0.33.0 go1.26 linux/amd64' ;;
  create) : > "$STATE/nodes"; echo ' ✓ Preparing nodes' >&2; ${then} ;;
  delete) /bin/rm -f "$STATE/nodes" ;;
esac`;

describe('the kind provider, before anything is created', () => {
  it.each([
    ['docker is missing', { kind: kind('exit 1') }, { code: 'RP2001', remedy: /Install Docker/ }],
    [
      'the engine is stopped',
      {
        docker: 'echo "Cannot connect to the Docker daemon at unix:///x. Is it running?" >&2; exit 1',
        kind: kind('exit 1'),
      },
      { code: 'RP2002', why: /Cannot connect/, remedy: /Start Docker/ },
    ],
    [
      'the engine is stopped and an old client exits with 0',
      { docker: `echo '{"ServerErrors":["permission denied"]}'`, kind: kind('exit 1') },
      { code: 'RP2002', why: /permission denied/ },
    ],
    ['kind is missing', { docker: DOCKER }, { code: 'RP2003', remedy: /Install kind/ }],
  ])('says that %s, with the remedy', async (_, tools, expected) => {
    const { calls } = fakeTools(tools);
    expectProblem(await failureOf(settings), expected);
    expect(calls().filter((call) => /create|delete/.test(call))).toEqual([]);
  });

  it('wants the images of the user to be in Docker, and names all that are not', async () => {
    const { calls } = fakeTools({ docker: DOCKER, kind: kind('exit 1') });
    expectProblem(await failureOf({ ...settings, images: ['shop:1', 'web:2'] }), {
      code: 'RP2105',
      what: /shop:1, web:2/,
    });
    expect(calls().join()).not.toContain('create');
  });

  it.each<[string, Partial<ClusterSettings>, string]>([
    ['a CNI that is neither a name nor a file', { cni: 'calcio' }, 'RP1804'],
    ['a manifest that is not there', { cni: 'calico', cniManifest: 'absent.yaml' }, 'RP1804'],
    ['a kind configuration that is not there', { kindConfig: 'absent.yaml' }, 'RP1801'],
    ['a folder of plugins that is not there', { cniPlugins: 'absent' }, 'RP1807'],
    ['a version that is none', { kubernetesVersion: 'newest' }, 'RP1802'],
  ])('refuses %s as bad input', async (_, changed, code) => {
    fakeTools({ docker: DOCKER, kind: kind('exit 1') });
    const error = await failureOf({ ...settings, ...changed });
    expect(error).toBeInstanceOf(BadInputError);
    expect(error).toMatchObject({ problems: [{ code }] });
  });

  it('refuses a kind configuration that takes the CNI away', async () => {
    fakeTools({ docker: DOCKER, kind: kind('exit 1') });
    const kindConfig = join(tempFolder(), 'kind.yaml');
    writeFileSync(kindConfig, 'networking: {disableDefaultCNI: true}\n');
    expect(await failureOf({ ...settings, kindConfig })).toMatchObject({
      problems: [{ code: 'RP1806', where: kindConfig }],
    });
  });

  it('does not start Kubernetes 1.35 under cgroup v1', async () => {
    const docker = DOCKER.replace('"CgroupVersion":"2"', '"CgroupVersion":"1"');
    const { calls } = fakeTools({ docker, kind: kind('exit 1') });
    expect(await failureOf({ ...settings, nodeImage: 'kindest/node:v1.35.1' })).toMatchObject({
      problems: [{ code: 'RP1803', where: 'node-image' }],
    });
    expect(calls().join()).not.toContain('create');
  });
});

describe('the kind provider, when creation fails half-way', () => {
  it('removes what was created, and only that, after having saved the logs', async () => {
    const tools = fakeTools({ docker: DOCKER, kind: kind('echo "ERROR: failed to init node" >&2; exit 1') });
    const error = await failureOf(settings);
    expectProblem(error, { code: 'RP2101', why: /failed to init node/ });
    const name = /create cluster --name (rollproof-[0-9a-f]{8}) /.exec(tools.calls().join('\n'))?.[1];
    const [exported, deleted] = ['export logs', 'delete cluster'].map((verb) =>
      tools.calls().findIndex((call) => call.startsWith(`kind ${verb} --name ${name} `)),
    );
    expect(exported).toBeGreaterThan(0);
    expect(deleted).toBeGreaterThan(exported ?? 0);
  });

  it.each([
    ['failed to pull image "kindest/node:v9": not found', 'RP2107', /node-image/],
    ['too many open files', 'RP2101', /sysctl/],
    ['no space left on device', 'RP2101', /prune/],
    ['yaml: unmarshal errors: unknown field "nodez"', 'RP2101', /kind-config/],
  ])('reads the cause from "%s"', async (output, code, remedy) => {
    fakeTools({ docker: DOCKER, kind: kind(`echo 'ERROR: ${output}' >&2; exit 1`) });
    expectProblem(await failureOf(settings), { code, remedy });
  });

  it('ends a creation that is aborted, and removes what it has left', async () => {
    const tools = fakeTools({ docker: DOCKER, kind: kind('exec /bin/sleep 60') });
    const abort = new AbortController();
    const reason = new Error('cancelled');
    const failure = failureOf(settings, {
      signal: abort.signal,
      progress: (line) => {
        if (line === 'the nodes run') abort.abort(reason);
      },
    });
    expect(await failure).toBe(reason);
    expect(tools.calls().filter((call) => call.startsWith('kind delete'))).toHaveLength(1);
    expect(tools.calls().filter((call) => call.startsWith('kind export'))).toHaveLength(0);
  });

  it('tells the name before anything is created', async () => {
    const tools = fakeTools({ docker: DOCKER, kind: kind('exit 1') });
    const told: string[] = [];
    await failureOf(settings, {
      onCreating: (name) => {
        told.push(name);
        expect(tools.calls().join()).not.toContain('create');
      },
    });
    expect(tools.calls().join('\n')).toContain(`kind create cluster --name ${told[0]} `);
  });
});

describe('loading images', () => {
  const options = {
    cluster: 'rollproof-00000000',
    images: ['shop:1', 'web:2'],
    architecture: 'x86_64',
    signal: new AbortController().signal,
    progress: () => {},
  };
  const MISSING = 'ctr: content digest sha256:0a1b: not found';

  it('copies all of them at once', async () => {
    const { calls, state } = fakeTools({ docker: '', kind: '' });
    await loadImages({ ...options, workDir: state });
    expect(calls()).toEqual(['kind load docker-image --name rollproof-00000000 shop:1 web:2']);
  });

  it("falls back to an archive of one platform where Docker's containerd store makes kind trip", async () => {
    const { calls, state } = fakeTools({
      docker: '',
      kind: `if [ "$2" = docker-image ]; then echo '${MISSING}' >&2; exit 1; fi`,
    });
    await loadImages({ ...options, workDir: state });
    expect(calls().slice(1)).toEqual([
      `docker save --platform linux/amd64 --output ${state}/images.tar shop:1 web:2`,
      `kind load image-archive --name rollproof-00000000 ${state}/images.tar`,
    ]);
  });

  it('saves without a platform where the client is too old to know them', async () => {
    const { calls, state } = fakeTools({
      docker: 'if [ "$2" = --platform ]; then echo "unknown flag: --platform" >&2; exit 125; fi',
      kind: `if [ "$2" = docker-image ]; then echo '${MISSING}' >&2; exit 1; fi`,
    });
    await loadImages({ ...options, workDir: state });
    expect(calls()).toContain(`docker save --output ${state}/images.tar shop:1 web:2`);
  });

  it('gives up with the command that failed where neither works', async () => {
    const { state } = fakeTools({ docker: '', kind: `echo '${MISSING}' >&2; exit 1` });
    const error: unknown = await loadImages({ ...options, workDir: state }).catch(
      (caught: unknown) => caught,
    );
    expectProblem(error, { code: 'RP2106', why: /kind load image-archive/ });
  });

  it('does nothing where there is nothing to load', async () => {
    const { calls, state } = fakeTools({ docker: '', kind: '' });
    await loadImages({ ...options, images: [], workDir: state });
    expect(calls()).toEqual([]);
  });
});

describe("kind's progress", () => {
  it.each([
    [' ✓ Preparing nodes 📦 📦  ', 'nodes'],
    [' ✓ Starting control-plane 🕹️ ', 'control-plane'],
    [' ✓ Joining worker nodes 🚜 ', 'workers'],
    [' • Preparing nodes 📦 📦   ...', undefined],
    ['Deleting cluster', undefined],
  ])('%j means %s', (line, stage) => {
    expect(finishedStage(line)).toBe(stage);
  });
});

async function failureOf(asked: ClusterSettings, context: Partial<AcquireContext> = {}): Promise<unknown> {
  const provider = kindProvider({
    kindConfigsDir: 'kind-configs',
    reaperProgram: 'src/cluster/reaper/main.ts',
    leftoversPauseMs: 10,
  });
  try {
    const cluster = await provider.acquire(asked, {
      signal: new AbortController().signal,
      progress: () => {},
      workDir: tempFolder(),
      logsDir: tempFolder(),
      imagesIfPresent: [],
      ...context,
    });
    await cluster[Symbol.asyncDispose]();
  } catch (error) {
    return error;
  }
  return expect.unreachable('a cluster was acquired');
}

function expectProblem(
  error: unknown,
  expected: { readonly code: string } & { readonly [part in 'what' | 'why' | 'remedy']?: RegExp },
): void {
  expect(error).toBeInstanceOf(EnvironmentError);
  const problem: Problem = (error as EnvironmentError).problem;
  expect(problem.code).toBe(expected.code);
  for (const part of ['what', 'why', 'remedy'] as const) {
    const pattern = expected[part];
    if (pattern) expect(problem[part]).toMatch(pattern);
  }
}
