import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newClusterName, removeCluster } from '../../src/cluster/remove-cluster.ts';
import { fakeTools } from '../support/fake-tools.ts';

/** A Docker that holds a node of the cluster until it is removed by it or by kind. */
const DOCKER = `
case "$1" in
  ps) if [ -e "$STATE/node" ]; then echo 0123abcd; fi ;;
  rm) /bin/rm -f "$STATE/node" ;;
esac`;

describe('removing a cluster', () => {
  it("deletes it through kind, and keeps away from the user's own kubeconfig", async () => {
    const { calls } = fakeTools({ docker: DOCKER, kind: '' });
    const name = newClusterName();
    await removeCluster(name);
    expect(calls()[0]).toMatch(
      new RegExp(`^kind delete cluster --name ${name} --kubeconfig /.*/kubeconfig$`),
    );
    expect(calls().filter((call) => call.startsWith('docker rm'))).toEqual([]);
  });

  it('removes the containers itself where kind fails', async () => {
    const { calls } = fakeTools({
      docker: `[ -e "$STATE/gone" ] || : > "$STATE/node"; : > "$STATE/gone"; ${DOCKER}`,
      kind: 'exit 1',
    });
    await removeCluster(newClusterName());
    expect(calls()).toContain('docker rm --force --volumes 0123abcd');
  });

  it.each([
    ['the cluster is absent', { docker: DOCKER, kind: '' }],
    ['there is no kind', { docker: DOCKER }],
    ['there is no Docker', {}],
    [
      'the engine is stopped',
      { docker: 'echo "Cannot connect to the Docker daemon" >&2; exit 1', kind: 'exit 1' },
    ],
  ])('is no error where %s', async (_, tools) => {
    fakeTools(tools);
    await expect(removeCluster(newClusterName())).resolves.toBeUndefined();
  });

  it.each(['spike', 'kind', 'rollproof-', 'rollproof-mine', 'rollproof-0123abcd --all'])(
    'refuses %j, which is not of our making',
    async (name) => {
      const { calls } = fakeTools({ docker: DOCKER, kind: '' });
      await expect(removeCluster(name)).rejects.toThrow('not a cluster of ours');
      expect(calls()).toEqual([]);
    },
  );
});

describe('the reaper', () => {
  const name = newClusterName();
  /** A process that starts the reaper, says so, and then does what is given. */
  const keeper = (then: string) => `
    import { startReaper } from './src/cluster/reaper/start-reaper.ts';
    const reaper = startReaper('src/cluster/reaper/main.ts', '${name}');
    console.log('started');
    ${then}`;

  it('deletes the cluster when its keeper is killed', async () => {
    const { state, calls } = fakeTools({ docker: DOCKER, kind: '/bin/rm -f "$STATE/node"', ps: '' });
    const child = start(keeper(`setInterval(() => {}, 1000);`));
    await once(child.stdout, 'data');
    writeFileSync(`${state}/node`, '');
    child.kill('SIGKILL');
    await expect
      .poll(calls, { timeout: 10_000 })
      .toContainEqual(expect.stringContaining(`kind delete cluster --name ${name}`));
  });

  it('touches nothing once it was dismissed', async () => {
    const { calls } = fakeTools({ docker: DOCKER, kind: '', ps: '' });
    const child = start(keeper('await reaper.dismiss();'));
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect(calls()).toEqual([]);
  });
});

function start(program: string) {
  return spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
