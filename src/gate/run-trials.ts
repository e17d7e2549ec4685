import type { Trial } from '../model/trial.ts';
import type { ScenarioResult } from '../model/verdict.ts';
import { badTwin, patchedScenario, saysAlready } from '../plan/patched-scenario.ts';
import { judgeRun } from '../verdict/judge.ts';
import { fixToTry } from '../verdict/trials.ts';
import { recordRun, type ScenarioPlace } from './record-run.ts';
import type { NamedRecording } from './render-reports.ts';

/** A trial's run as it was recorded. */
export interface RecordedTrial {
  readonly trial: Trial;
  readonly recording: NamedRecording;
}

/** Trials that may end without a verdict before it is given up. */
const SPARE = 2;

/**
 * Makes the runs with other manifests that were asked for: where requests were dropped, the suggestions are tried;
 * where none were, a bad twin shows whether any would have been. The verdict rests on none of them.
 */
export async function runTrials(
  place: ScenarioPlace,
  result: Pick<ScenarioResult, 'verdict' | 'findings'>,
): Promise<readonly RecordedTrial[]> {
  const trial = trialAfter(place, result);
  if (!trial) return [];
  const planned = patchedScenario(place.planned, trial.patches);
  if (!planned) {
    place.progress.warning('the suggestion does not fit the manifests that were applied, and is not tried');
    return [];
  }
  // What passes then has passed by luck. A twin that is the same is told of: nothing could have been worse.
  if (trial.kind === 'fix' && saysAlready(place.planned, trial.patches)) {
    place.progress.warning('the manifests say already what is suggested, and it is not tried');
    return [];
  }
  const recorded: RecordedTrial[] = [];
  let passed = 0;
  for (let run = 1; passed < trial.runs && run <= trial.runs + SPARE; run++) {
    place.progress.line(
      trial.kind === 'fix'
        ? `trial ${run} (${passed} of ${trial.runs} passed): the same with the suggested change (${trial.causes.join(', ')})`
        : 'a deliberately bad twin: the same without preStop hooks, with a second to end',
    );
    const { recording } = await recordRun({ ...place, planned }, { run, trial });
    recorded.push({ trial, recording });
    const { verdict, reasons } = judgeRun(recording.entries);
    place.progress.line(`trial: ${verdict}${reasons[0] ? `: ${reasons[0].text}` : ''}`);
    if (verdict === 'pass') passed++;
    // One without a verdict says nothing for or against the change; any other ends it.
    else if (verdict !== 'inconclusive') break;
  }
  return recorded;
}

function trialAfter(
  { planned }: ScenarioPlace,
  result: Pick<ScenarioResult, 'verdict' | 'findings'>,
): Trial | undefined {
  if (result.verdict === 'pass' && planned.sensitivity) {
    const patch = badTwin(planned);
    return patch && { kind: 'sensitivity', causes: [], patches: [patch], runs: 1 };
  }
  return planned.tryFixRuns === undefined ? undefined : fixToTry(result, planned.tryFixRuns);
}
