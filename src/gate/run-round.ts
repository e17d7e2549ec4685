import type { PlannedScenario } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { Reason, RunResult, ScenarioResult } from '../model/verdict.ts';
import { runsLeftOut, scenarioResult } from '../verdict/combine.ts';
import { judgeRun } from '../verdict/judge.ts';
import { Company } from './company.ts';
import { progressOfOne } from './progress-of-one.ts';
import { makeRun, type ScenarioPlace } from './record-run.ts';
import { type NamedRecording, readNamedRecording } from './render-reports.ts';
import { runTrials } from './run-trials.ts';
import { verdictLine } from './verdict-line.ts';

/** A scenario of a round: what is planned, and its 0-based place in the plan. */
export type RoundMember = Pick<ScenarioPlace, 'planned' | 'index'>;

/** What the members of a round have in common. */
export type RoundPlace = Omit<ScenarioPlace, keyof RoundMember | 'lane' | 'company'> & {
  /** Makes a run; absent: on the cluster. */
  readonly make?: typeof makeRun;
};

type MadeRound = RoundPlace & Required<Pick<RoundPlace, 'make'>>;

/** What became of a scenario, with the recordings of its runs and trials in the order in which they were made. */
export interface RoundOutcome {
  readonly index: number;
  readonly result: ScenarioResult;
  readonly recordings: readonly NamedRecording[];
}

/** A scenario on its way. */
interface Course extends RoundMember {
  readonly runs: RunResult[];
  readonly reasons: Reason[];
  readonly recordings: NamedRecording[];
  /** The run that comes next; undefined where all are made. */
  next: number | undefined;
  /** Its next run was made beside others without a verdict, and is made once more with nobody beside it. */
  again: boolean;
}

/**
 * Makes all runs of the scenarios of a round, those of several at the same time, run by run: one is read and judged
 * when none goes on. A run that others may have disturbed leaves no verdict, and is made again alone once they are
 * done; so are those that would have come after it.
 */
export async function runRound(
  members: readonly RoundMember[],
  place: RoundPlace,
): Promise<readonly RoundOutcome[]> {
  const common = { make: makeRun, ...place };
  const courses = members.map(
    (member): Course => ({ ...member, runs: [], reasons: [], recordings: [], next: 1, again: false }),
  );
  for (;;) {
    const together = courses.filter(({ next, again }) => next !== undefined && !again);
    if (together.length === 0) break;
    await makeNext(together, common, courses.length === 1);
  }
  for (const course of courses) {
    while (course.next !== undefined) {
      const isLast = courses.every((other) => other === course || other.next === undefined);
      await makeNext([course], common, isLast);
    }
  }
  const outcomes: RoundOutcome[] = [];
  for (const course of courses) outcomes.push(await concluded(course, common));
  return outcomes;
}

/** The next run of each, at the same time. */
async function makeNext(courses: readonly Course[], common: MadeRound, isLast: boolean): Promise<void> {
  const company = new Company();
  const stop = new AbortController();
  const signal = AbortSignal.any([common.signal, stop.signal]);
  const settled = await Promise.allSettled(
    courses.map(async (course, lane) => {
      const { planned, next: run = 1, again } = course;
      const { name } = planned.scenario;
      const progress = courses.length === 1 ? common.progress : progressOfOne(common.progress, name);
      const beside = courses.length === 1 ? '' : `, beside ${courses.length - 1} more`;
      if (again) progress.line(`run ${run} once more, alone: ${name}`);
      else if (planned.repeat > 1) progress.line(`run ${run} of ${planned.repeat}${beside}`);
      const clusterGoesNext = common.clusterGoesNext && isLast;
      const place = { ...common, ...course, progress, signal, clusterGoesNext, lane, company };
      try {
        return await common.make(place, { run, ...(again && { again }) });
      } catch (error) {
        // What ends the gate ends the others as well.
        stop.abort(error);
        throw error;
      }
    }),
  );
  common.signal.throwIfAborted();
  stop.signal.throwIfAborted();
  for (const [index, outcome] of settled.entries()) {
    const course = courses[index];
    if (outcome.status === 'rejected') throw outcome.reason;
    if (course) await judged(course, outcome.value, common, courses.length > 1);
  }
}

/** Reads and judges the run that was just made, and decides what comes after it. */
async function judged(
  course: Course,
  { recordingPath, problems }: Awaited<ReturnType<typeof makeRun>>,
  { progress }: RoundPlace,
  besideOthers: boolean,
): Promise<void> {
  const { planned, runs, next: run = 1 } = course;
  const recording = await readNamedRecording(recordingPath);
  const result = judgeRun(recording.entries);
  course.recordings.push(recording);
  course.reasons.push(...problems.map(environmentReason));
  runs.push(result);
  const whose = besideOthers ? `${planned.scenario.name}: ` : '';
  progress.line(`${whose}verdict: ${verdictLine(result)}`);
  if (besideOthers && result.verdict === 'inconclusive') {
    course.again = true;
    return;
  }
  course.again = false;
  course.next = nextRun(planned, result, run);
  const left = course.next === undefined ? planned.repeat - run : 0;
  if (left > 0) progress.line(`${whose}${left} more runs are not made: this one failed clearly`);
}

function nextRun({ repeat, repeatAll }: PlannedScenario, result: RunResult, run: number): number | undefined {
  if (run >= repeat) return undefined;
  return !repeatAll && runsLeftOut(result, repeat) > 0 ? undefined : run + 1;
}

async function concluded(course: Course, common: RoundPlace): Promise<RoundOutcome> {
  const { planned, index, runs, reasons, recordings } = course;
  const own = { scenario: planned.scenario, environment: common.cluster.environment, runs, reasons };
  const place = { ...common, planned, index, lane: 0, company: new Company() };
  const trials = await runTrials(place, scenarioResult(own));
  const result = scenarioResult({
    ...own,
    trials,
    runsNotMade: planned.repeatAll ? 0 : runsLeftOut(runs.at(-1), planned.repeat),
  });
  return { index, result, recordings: [...recordings, ...trials.map(({ recording }) => recording)] };
}

/** What kept something from being made, as a reason of the result. */
export function environmentReason({ code, what, why, remedy }: Problem): Reason {
  return { code, text: [what, why].filter(Boolean).join(' '), remedy };
}
