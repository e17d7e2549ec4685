import type { Problem } from '../model/problem.ts';
import { asksForDuration, type Slow } from '../model/scenario.ts';
import type { ScenarioSettings } from '../model/settings.ts';
import type { Findings } from './findings.ts';

/** Why a server cannot know how long it is to take (RP1128); undefined where it can, or where nothing is asked. */
export function unaskedFor(
  who: string,
  slow: Slow | undefined,
  path: string | undefined,
): Problem | undefined {
  if (!slow || slow.header !== undefined || (path !== undefined && asksForDuration(path))) return undefined;
  return {
    code: 'RP1128',
    what: `${who} is to send slow requests, and nothing in them says how long they are to take.`,
    where: 'path',
    why: 'Neither path nor slow-header carries the duration.',
    remedy:
      'Write it into the path as {ms} or {seconds}, such as /sleep/{seconds}, or name a header with slow-header, such as X-Delay.',
  };
}

export function checkSlow({ name, slow, path }: ScenarioSettings, findings: Findings): void {
  const problem = unaskedFor(`Scenario ${JSON.stringify(name)}`, slow, path);
  if (problem) findings.problem(problem);
}
