import { count, plural } from '../model/counted.ts';
import { isUrlProbe } from '../model/url-probe.ts';
import type {
  DetectionChances,
  MadeAgain,
  Replacements,
  ScenarioResult,
  SequenceResult,
} from '../model/verdict.ts';
import { neededToMeet, neededWithoutFailure } from '../verdict/sample-size.ts';
import { duration } from './figures.ts';

/** The share of bad replacements that a report proposes to exclude. */
const WANTED_SHARE = 0.05;
/** The outage of one pod that a report proposes to see. */
const WANTED_OUTAGE_MS = 100;

/** What the runs of a scenario show and do not show, and what would show more, as sentences. Nothing for a probe of a URL. */
export function howSure({
  scenario,
  runs,
  replacements,
  runsNotMade = 0,
  madeAgain = [],
}: ScenarioResult): readonly string[] {
  if (isUrlProbe(scenario)) return [];
  const sentences: string[] = runs.flatMap(({ sequence }) => confirmedSentence(sequence));
  sentences.push(...besideSentences(runs), ...madeAgain.map(againSentence));
  if (runsNotMade > 0) sentences.push(missingSentence(runsNotMade, runs));
  if (replacements) sentences.push(...boundSentences(replacements, runs.length));
  const [worst] = runs
    .flatMap(({ partialDetection }) => (partialDetection ? [partialDetection] : []))
    .toSorted((a, b) => chanceAt(a) - chanceAt(b));
  if (replacements && worst) sentences.push(chanceSentence(worst, scenario.ratePerSecond));
  return sentences;
}

/** What others on the cluster cost, of those runs that count: the worst of them. */
function besideSentences(runs: ScenarioResult['runs']): readonly string[] {
  const beside = runs.flatMap((run) => (run.beside ? [run.beside] : []));
  if (beside.length === 0) return [];
  const [worst] = beside.toSorted((a, b) => (b.floorMs ?? 0) - (a.floorMs ?? 0));
  const names = [...new Set(beside.flatMap(({ scenarios }) => scenarios))].join(', ');
  const { floorMs, floorBeforeMs, floorAllowedMs } = worst ?? {};
  const seen =
    floorMs === undefined || floorBeforeMs === undefined || floorAllowedMs === undefined
      ? ''
      : `: the smallest outage that would have been seen was ${duration(floorMs)} (${duration(floorBeforeMs)} in the baseline, at most ${duration(floorAllowedMs)} is allowed beside others)`;
  return [`Measured while other scenarios ran on the cluster (${names})${seen}.`];
}

function againSentence({ run, beside, why }: MadeAgain): string {
  return `Run ${run} left no verdict beside ${beside.join(', ')} and was made again alone: ${why.replace(/\.$/, '')}.`;
}

/** Why planned runs are not there: left out after a failure, or their recordings were not given. */
function missingSentence(runsNotMade: number, runs: ScenarioResult['runs']): string {
  const failed = runs.some(({ verdict }) => verdict === 'dropped' || verdict === 'rollout-failed');
  return failed
    ? `${plural(runsNotMade, 'planned run was', 'planned runs were')} not made, because the last one failed clearly (\`repeat-all\` makes them).`
    : `${plural(runsNotMade, 'planned run is', 'planned runs are')} missing here, and what happened in them is not known.`;
}

/** When clients saw the update, where answers carry a number. */
function confirmedSentence(sequence: SequenceResult | undefined): readonly string[] {
  if (sequence?.firstNewMs === undefined || sequence.allNewMs === undefined) return [];
  const { from, to, firstNewMs, allNewMs } = sequence;
  return [
    `Update confirmed by answers (${from} → ${to}): the first carried the new number after ${duration(firstNewMs)}, all did after ${duration(allNewMs)}.`,
  ];
}

function boundSentences({ total, withDrops, upperBound95 }: Replacements, runs: number): readonly string[] {
  const seen =
    withDrops === 0
      ? `None of ${plural(total, 'pod replacement')} dropped a request`
      : `${count(withDrops)} of ${plural(total, 'pod replacement')} dropped requests`;
  if (upperBound95 === 1) return [`${seen}.`];
  const bound = `${seen}: with 95 % confidence at most ${percent(upperBound95)} of them do.`;
  if (withDrops > 0 || upperBound95 <= WANTED_SHARE) return [bound];
  const needed = neededWithoutFailure(WANTED_SHARE);
  const repeat = Math.ceil((needed * runs) / total);
  return [bound, `For at most ${percent(WANTED_SHARE)}: repeat ${repeat} (${needed} replacements).`];
}

function chanceSentence(detection: DetectionChances, ratePerSecond: number): string {
  const { endpoints, chances } = detection;
  const all = chances
    .map(({ lengthMs, probability }) => `${duration(lengthMs)} ${percent(probability)}`)
    .join(', ');
  const needed = Math.ceil((neededToMeet(endpoints) * 1000) / WANTED_OUTAGE_MS);
  const raise =
    chanceAt(detection) >= 0.95 || needed <= ratePerSecond
      ? ''
      : ` For 95 % at ${duration(WANTED_OUTAGE_MS)}: rate ${needed}.`;
  return `Chance that an outage of one of ${endpoints} endpoints was seen, by its length: ${all}.${raise}`;
}

function chanceAt({ chances }: DetectionChances): number {
  return chances.find(({ lengthMs }) => lengthMs === WANTED_OUTAGE_MS)?.probability ?? 0;
}

/** Rounded so that nothing looks surer than it is: bounds and chances that are not whole are never 100 %. */
function percent(share: number): string {
  const value = share * 100;
  if (share < 1 && value > 99.9) return '> 99.9 %';
  return `${value < 10 || value > 99 ? String(Math.round(value * 10) / 10) : Math.round(value)} %`;
}
