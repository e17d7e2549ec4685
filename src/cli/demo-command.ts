import { join } from 'node:path';
import { kindObstacle } from '../cluster/host/kind-obstacle.ts';
import { readCliOptions } from '../inputs/cli-arguments.ts';
import type { InputName } from '../inputs/options.ts';
import { runWith } from './run-command.ts';
import type { Session } from './session.ts';

/** The sandbox is for seeing the main job work soon: a baseline with not many more requests than a pass needs. */
const SOON = [['baseline', '2500ms']] as const;

/**
 * `rollproof demo`: the run that comes with the program, one Deployment without and one with a preStop hook. Options
 * change it as they change any other run. Where Docker or kind is missing it runs on the sandbox, and says
 * which. Its exit code is 0 where the first dropped requests, as it should.
 */
export async function demoCommand(
  session: Session,
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  const inputs = new Map(readCliOptions(options));
  const given = <Name extends InputName>(entries: readonly (readonly [Name, string])[]) => {
    for (const [name, value] of entries)
      if (!inputs.has(name)) inputs.set(name, { given: value, label: 'demo' });
  };
  const own = !inputs.has('config');
  given([['config', join(session.installation.demoDir, 'rollproof.yml')]]);
  let fallback = false;
  if (!inputs.has('cluster') && !inputs.has('context')) {
    const obstacle = await kindObstacle(session.signal);
    fallback = obstacle !== undefined;
    if (fallback) given([['cluster', 'sandbox']]);
    session.log.line(
      fallback
        ? `${obstacle}: the demo runs on the sandbox, which proves nothing.`
        : 'Docker and kind are there: the demo runs on kind.',
    );
  }
  if (own && inputs.get('cluster')?.given === 'sandbox') given(SOON);
  const exitCode = await runWith(session, inputs, { fallback });
  if (exitCode === 1)
    session.log.line('The demo has a red row on purpose; a gate would end with exit code 1 here.');
  return exitCode === 1 ? 0 : exitCode;
}
