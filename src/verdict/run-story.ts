import type { Cause, PodTimes } from '../model/finding.ts';
import { type Account, accountFor } from './account.ts';
import { attributedDrops } from './causes/findings.ts';
import { podTimesOf } from './causes/pod-times.ts';
import { storyOf } from './causes/story.ts';
import { isRollout, type RunFacts } from './run-facts.ts';

/** What reports that draw a run show beside its requests. */
export interface RunStory {
  /** What each dropped request is laid to, and the pod it was for where that is known, by sequence number. */
  readonly lost: ReadonlyMap<number, { readonly cause: Cause; readonly pod?: string }>;
  /** The pods' way through the update, old ones first. */
  readonly pods: readonly PodTimes[];
}

/** The story of a run, told as `judgeRun` tells it; `target` is the account of the requests to the workload. */
export function runStory(facts: RunFacts, target: Account | undefined): RunStory {
  // Where there is no update there are no pods and no causes.
  if (!target || !isRollout(facts)) return { lost: new Map(), pods: [] };
  const steady = facts.streams.find(({ role }) => role === 'steady');
  const story = storyOf(facts, target, steady && accountFor(facts, steady));
  const lost = attributedDrops(story).map(({ drop: { seq, pod }, attribution }) => {
    const name = (attribution?.pod ?? pod)?.name;
    const cause: Cause = attribution?.cause ?? 'unexplained';
    return [seq, { cause, ...(name === undefined ? {} : { pod: name }) }] as const;
  });
  return { lost: new Map(lost), pods: podTimesOf(story) };
}
