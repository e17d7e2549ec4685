import type { Cause, Confidence, Finding } from '../../model/finding.ts';
import { firstAfter, firstFrom } from './in-order.ts';
import type { PodStory } from './pod-story.ts';
import { remembered } from './remembered.ts';
import type { Drop, Story } from './story.ts';

/** What one drop is laid to. */
export interface Attribution {
  readonly cause: Exclude<Cause, 'unexplained'>;
  readonly confidence: Confidence;
  /** Why this cause and no other, as a sentence without figures of the single drop: equal ones are told once. */
  readonly because: string;
  /** The pod that it was for, where that had to be inferred. */
  readonly pod?: PodStory;
  readonly undecided?: NonNullable<Finding['undecided']>;
}

/** Looks at one dropped request; undefined where it is not this cause. The first rule that knows a cause has it. */
export type Rule = (drop: Drop, story: Story) => Attribution | undefined;

/** After a change of the endpoints nodes may go by the old ones this long: kube-proxy's pace, a busy machine, and room. */
export const PROPAGATION_MS = 3_000;

/** The same in this run: longer where the cluster was made slow on request. */
export function propagationMs({ header }: Story): number {
  return PROPAGATION_MS + (header.environment.amplified?.propagationDelayMs ?? 0);
}

/** Facts arrive at most this much later than what they tell of, on a machine that keeps up. */
export const ARRIVAL_MS = 250;

const inOrderOfSending = remembered(({ drops }: Story) => drops.toSorted((a, b) => a.sentMs - b.sentMs));

/** The dropped requests that were sent no further from an instant than this. */
export function dropsNear(story: Story, atMs: number, withinMs: number): readonly Drop[] {
  const drops = inOrderOfSending(story);
  return drops.slice(firstFrom(drops, atMs - withinMs), firstAfter(drops, atMs + withinMs));
}
