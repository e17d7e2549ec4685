import { count } from '../model/counted.ts';
import type { RecordingEntry } from '../model/recording.ts';
import type { Trial } from '../model/trial.ts';
import type { Sample } from '../verdict/account.ts';
import { type PodLife, podLives } from '../verdict/pod-generations.ts';
import type { RunFacts } from '../verdict/run-facts.ts';
import { runStory } from '../verdict/run-story.ts';
import { targetSamples } from '../verdict/target-samples.ts';
import { duration } from './figures.ts';
import { type Lane, lanesOf, type Stage } from './lanes.ts';

/** A recording's entries, as they were read. */
export interface RunRecording {
  readonly entries: readonly RecordingEntry[];
}

/** One run, ready to be drawn. Nothing in it is inert yet. */
export interface Plot {
  readonly id: string;
  readonly scenario: string;
  readonly run: number;
  /** Whether other scenarios were on the cluster at the same time. */
  readonly beside: boolean;
  /** Set where the manifests were not the user's as they are. */
  readonly trial?: Trial['kind'];
  readonly data: ChartData;
  readonly label: string;
  /** What became of the pods, one line each. */
  readonly ends: readonly string[];
}

/** What page/scatter.js and page/lanes.js draw. Integers and differences keep tens of thousands of points small. */
export interface ChartData {
  readonly sent: readonly number[];
  readonly response: readonly number[];
  readonly failures: readonly string[];
  readonly span: readonly [number, number] | null;
  readonly marks: readonly { readonly at: number; readonly kind: 'phase' | 'pod' }[];
  /** By the point's index: sequence number, source port (0: not known), lane (-1: not known), place in `causes`. */
  readonly lost: Readonly<Record<number, readonly [number, number, number, number]>>;
  readonly causes: readonly string[];
  readonly lanes: readonly DrawnLane[];
}

/** One pod's time in seconds. */
export interface DrawnLane {
  readonly name: string;
  readonly stretches: readonly (readonly [stage: Stage, from: number, to: number])[];
  readonly instants: readonly (readonly [what: string, at: number])[];
}

/** Points of one chart; more of them cannot be told apart, and a page of many megabytes does not open. */
const POINT_LIMIT = 60_000;

/** Pods of one chart; more lanes than this push the plot out of sight. */
const LANE_LIMIT = 40;

/** Undefined where there was nothing to probe. */
export function plotOf({ entries }: RunRecording, index: number): Plot | undefined {
  const { facts, account, samples } = targetSamples(entries);
  if (!facts) return undefined;
  const { header, cuts } = facts;
  // Seconds count from the update, so that plots can be compared.
  const zeroMs = cuts.triggeredMs ?? 0;
  const seconds = (ms: number) => Math.round(ms - zeroMs) / 1000;
  const { lost: lostBySeq, pods } = runStory(facts, account);
  const lanes = lanesOf(pods, facts.probingStartedMs ?? 0, facts.probingStoppedMs).slice(0, LANE_LIMIT);
  const laneOf = new Map(lanes.map(({ pod }, lane) => [pod.name, lane]));
  const failures = new Ordinals();
  const causes = new Ordinals();
  const sent: number[] = [];
  const response: number[] = [];
  const lost: Record<number, [number, number, number, number]> = {};
  let lastTicks = 0;
  const drawn = thinned(
    samples
      .flatMap((sample) => (sample.sentMs === undefined ? [] : [{ ...sample, sentMs: sample.sentMs }]))
      .sort((a, b) => a.sentMs - b.sentMs),
  );
  for (const { seq, sentMs, scheduledMs, endedMs, localPort, end } of drawn) {
    const ticks = Math.round((sentMs - zeroMs) * 10);
    sent.push(ticks - lastTicks);
    lastTicks = ticks;
    if (end.end === 'ok') {
      response.push(Math.max(0, Math.round(((endedMs ?? sentMs) - scheduledMs) * 100)));
      continue;
    }
    const name =
      'class' in end ? `${end.end === 'dropped' ? 'dropped' : 'not judged'}: ${end.class}` : end.end;
    response.push(-1 - failures.of(name));
    const why = lostBySeq.get(seq);
    if (why) {
      const lane = why.pod === undefined ? -1 : (laneOf.get(why.pod) ?? -1);
      lost[sent.length - 1] = [seq, localPort ?? 0, lane, causes.of(why.cause)];
    }
  }
  const lives = podLives(facts);
  const sentCount = samples.filter(({ sentMs }) => sentMs !== undefined).length;
  const dropped = samples.filter(({ end }) => end.end === 'dropped').length;
  return {
    id: `plot-${index}`,
    scenario: header.scenario.name,
    run: header.run,
    beside: facts.neighbours.length > 0,
    ...(header.trial && { trial: header.trial.kind }),
    label: `Send time and response time of ${count(sentCount)} requests, ${count(dropped)} of them dropped${sentCount > drawn.length ? `; drawn are the ${count(drawn.length)} that stand out` : ''}`,
    data: {
      sent,
      response,
      failures: failures.words,
      span: cuts.triggeredMs === undefined ? null : [0, seconds(cuts.completeMs ?? facts.probingStoppedMs)],
      marks: marksOf(facts, lives, seconds),
      lost,
      causes: causes.words,
      lanes: lanes.map((lane) => drawnLane(lane, seconds)),
    },
    ends: lives.map((life) => biography(life, seconds)),
  };
}

/**
 * At most so many points, whatever the duration: of neighbours, one that was dropped is kept before one that was not
 * judged, that before an answered one, and among those the slowest. What a reader looks for is never thinned away by what is usual.
 */
function thinned<T extends Sample>(inOrder: readonly T[]): readonly T[] {
  if (inOrder.length <= POINT_LIMIT) return inOrder;
  const together = Math.ceil(inOrder.length / POINT_LIMIT);
  const weight = ({ end, scheduledMs, endedMs }: Sample) => {
    if (end.end === 'ok') return (endedMs ?? scheduledMs) - scheduledMs;
    return end.end === 'dropped' ? Number.POSITIVE_INFINITY : Number.MAX_VALUE;
  };
  const kept: T[] = [];
  for (let first = 0; first < inOrder.length; first += together) {
    let heaviest = inOrder[first];
    for (const sample of inOrder.slice(first + 1, first + together)) {
      if (heaviest === undefined || weight(sample) > weight(heaviest)) heaviest = sample;
    }
    if (heaviest) kept.push(heaviest);
  }
  return kept;
}

/** Words numbered in the order in which they come up. */
class Ordinals {
  readonly words: string[] = [];

  of(word: string): number {
    const known = this.words.indexOf(word);
    return known >= 0 ? known : this.words.push(word) - 1;
  }
}

function drawnLane({ pod, stretches, instants }: Lane, seconds: (ms: number) => number): DrawnLane {
  return {
    name: `${pod.generation} ${pod.name}${pod.node === undefined ? '' : ` · ${pod.node}`}`,
    stretches: stretches.map(({ stage, fromMs, toMs }) => [stage, seconds(fromMs), seconds(toMs)]),
    instants: instants.map(({ what, atMs }) => [what, seconds(atMs)]),
  };
}

function marksOf(
  facts: RunFacts,
  lives: readonly PodLife[],
  seconds: (ms: number) => number,
): ChartData['marks'] {
  const { triggeredMs, completeMs, oldPodsGoneMs } = facts.cuts;
  const phases = [triggeredMs, completeMs, oldPodsGoneMs].flatMap((ms) => (ms === undefined ? [] : [ms]));
  const ends = lives.flatMap(({ terminatingMs, goneMs }) =>
    [terminatingMs, goneMs].flatMap((ms) => (ms === undefined ? [] : [ms])),
  );
  return [
    ...ends.map((ms) => ({ at: seconds(ms), kind: 'pod' as const })),
    ...phases.map((ms) => ({ at: seconds(ms), kind: 'phase' as const })),
  ];
}

function biography(
  { name, node, generation, firstReadyMs, terminatingMs, goneMs }: PodLife,
  seconds: (ms: number) => number,
): string {
  const at = (ms: number) => `${seconds(ms).toFixed(2)} s`;
  const steps = [
    ...(generation === 'new' && firstReadyMs !== undefined ? [`ready at ${at(firstReadyMs)}`] : []),
    ...(terminatingMs === undefined ? [] : [`told to end at ${at(terminatingMs)}`]),
    ...(goneMs === undefined ? [] : [`gone at ${at(goneMs)}`]),
    ...(terminatingMs === undefined || goneMs === undefined
      ? []
      : [`took ${duration(goneMs - terminatingMs)}`]),
  ];
  return `${generation} pod ${name}${node === undefined ? '' : ` on ${node}`}${steps.length === 0 ? '' : `: ${steps.join(', ')}`}`;
}
