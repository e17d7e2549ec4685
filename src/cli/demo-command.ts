import { join } from 'node:path';
import { dockerAnswers } from '../cluster/kind/docker-cli.ts';
import { readCliOptions } from '../inputs/cli-arguments.ts';
import { runWith } from './run-command.ts';
import type { Session } from './session.ts';

/**
 * `rollproof demo`: the run that comes with the program, one Deployment without and one with a preStop hook. Options
 * change it as they change any other run. Where Docker does not answer it runs on the sandbox, and says so. Its exit code is 0 where the first dropped requests, as it should.
 */
export async function demoCommand(
  session: Session,
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  const config = join(session.installation.demoDir, 'rollproof.yml');
  const inputs = new Map(readCliOptions(options));
  if (!inputs.has('config')) inputs.set('config', { given: config, label: 'demo' });
  if (!inputs.has('cluster') && !inputs.has('context')) {
    const cluster = (await dockerAnswers(session.signal)) ? 'kind' : 'sandbox';
    if (cluster === 'sandbox') inputs.set('cluster', { given: cluster, label: 'demo' });
    session.log.line(
      cluster === 'kind'
        ? 'Docker answers: the demo runs on kind.'
        : 'Docker does not answer: the demo runs on the sandbox.',
    );
  }
  const exitCode = await runWith(session, inputs);
  if (exitCode === 1)
    session.log.line('The demo has a red row on purpose; a gate would end with exit code 1 here.');
  return exitCode === 1 ? 0 : exitCode;
}
