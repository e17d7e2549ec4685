import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { demoCommand } from '../../src/cli/demo-command.ts';
import { installation } from '../../src/platform/installation.ts';
import { createLog } from '../../src/publish/log.ts';
import { fakeTools } from '../support/fake-tools.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ANSWERING = `echo '{"ServerVersion":"28.0.4","CgroupVersion":"2"}'`;
const SILENT = 'echo "Cannot connect to the Docker daemon" >&2; exit 1';
const KIND = "echo 'kind v0.33.0 go1.26 linux/amd64'";

/** What `rollproof demo` says with these options, which end it as bad input before anything is started. */
async function refused(options: Readonly<Record<string, unknown>>) {
  let said = '';
  const log = createLog({
    style: 'plain',
    output: {
      write: (text) => {
        said += text;
      },
    },
  });
  const session = { log, installation: installation(), signal: new AbortController().signal };
  const problems = await demoCommand(session, options).then(
    () => [],
    (error) => error.problems,
  );
  return { said, problems };
}

describe('rollproof demo', () => {
  it.each([
    ['Docker is not installed', { kind: KIND }],
    ['Docker does not answer', { docker: SILENT, kind: KIND }],
    ['kind is not installed', { docker: ANSWERING }],
  ])('runs on the sandbox where %s, and says why', async (why, tools) => {
    fakeTools(tools);
    // Only a cluster that is booted has a choice of CNIs.
    const { said, problems } = await refused({ cni: 'calico' });
    expect(said).toContain(`${why}: the demo runs on the sandbox, which proves nothing.\n`);
    expect(problems).toMatchObject([{ code: 'RP1010', what: 'cni has no effect on the sandbox.' }]);
  });

  it('runs on kind where both are there', async () => {
    fakeTools({ docker: ANSWERING, kind: KIND });
    const { said } = await refused({ config: join(tempFolder(), 'absent.yml') });
    expect(said).toContain('Docker and kind are there: the demo runs on kind.\n');
  });

  it('asks for neither where the cluster is named', async () => {
    const { calls } = fakeTools({ docker: ANSWERING, kind: KIND });
    const { said, problems } = await refused({ cluster: 'sandbox', cni: 'calico' });
    expect({ said, calls: calls() }).toEqual({ said: '', calls: [] });
    expect(problems).toMatchObject([{ code: 'RP1010' }]);
  });
});
