import type { PodProbe } from '../../model/recording.ts';
import type { Expectation } from '../../model/scenario.ts';
import type { DropClass } from '../../model/verdict.ts';
import { classify, type ProbeCircumstances } from '../classify.ts';
import { firstAfter } from './in-order.ts';
import type { PodStory } from './pod-story.ts';
import type { Drop, Story } from './story.ts';

/** What a pod said at its own address around an instant. */
export type OwnAnswer = 'ok' | DropClass;

/** Requests to pods' own addresses, by UID of the pod, in the order of sending. */
export type OwnAnswers = ReadonlyMap<string, readonly Asked[]>;

interface Asked {
  readonly sentMs: number;
  readonly answer: OwnAnswer;
}

/** Such a request shares no socket and no moment with the others: nothing of those says anything about it. */
const BY_ITSELF: ProbeCircumstances = {
  staleSourcePort: false,
  proberSlept: false,
  packetsLost: false,
  mayCarry: 'either',
};

/** Sorts what pods said by pod; what the prober itself is to blame for is left out. */
export function ownAnswersOf(
  podProbes: readonly PodProbe[],
  { sequence: _, ...expect }: Expectation,
): OwnAnswers {
  const answers = new Map<string, Asked[]>();
  for (const { pod, kind: _, ...request } of podProbes) {
    const end = classify({ ...request, kind: 'probe', stream: '', seq: 0 }, expect, BY_ITSELF);
    if (request.sentMs === undefined || (end.end !== 'ok' && end.end !== 'dropped')) continue;
    const asked = { sentMs: request.sentMs, answer: end.end === 'ok' ? end.end : end.class };
    const list = answers.get(pod);
    if (list) list.push(asked);
    else answers.set(pod, [asked]);
  }
  for (const list of answers.values()) list.sort((a, b) => a.sentMs - b.sentMs);
  return answers;
}

/** Answers that are further away than this say nothing of an instant. */
const NEAR_MS = 250;

/**
 * What a pod would have said at its own address at an instant: what it said both just before and just after. Undefined
 * where it was not asked on both sides, or where one was an answer and the other was none.
 */
export function ownAnswerAt({ ownAnswers }: Story, pod: PodStory, atMs: number): OwnAnswer | undefined {
  const asked = ownAnswers.get(pod.uid) ?? [];
  const next = firstAfter(asked, atMs);
  const [before, after] = [asked[next - 1], asked[next]];
  if (!before || !after || atMs - before.sentMs > NEAR_MS || after.sentMs - atMs > NEAR_MS) return undefined;
  // What has ended answers nobody: whoever answers then was given its address.
  const { goneMs = Number.POSITIVE_INFINITY, exitedMs = goneMs } = pod;
  if (after.answer === 'ok' && after.sentMs > Math.min(goneMs, exitedMs)) return undefined;
  if ((before.answer === 'ok') !== (after.answer === 'ok')) return undefined;
  return atMs - before.sentMs <= after.sentMs - atMs ? before.answer : after.answer;
}

/** The same for the instant at which a dropped request was lost: at connecting, or when what was established broke. */
export function ownAnswerTo(story: Story, pod: PodStory | undefined, drop: Drop): OwnAnswer | undefined {
  return (
    pod &&
    ownAnswerAt(story, pod, drop.established && drop.class !== 'answer-timeout' ? drop.endedMs : drop.sentMs)
  );
}

/** Requests to a pod's own address within a time, and what became of them. */
export function ownAnswersWithin(
  { ownAnswers }: Story,
  { uid }: PodStory,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly OwnAnswer[] {
  const asked = ownAnswers.get(uid) ?? [];
  return asked.slice(firstAfter(asked, fromMs), firstAfter(asked, toMs)).map(({ answer }) => answer);
}
