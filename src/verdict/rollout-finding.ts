import type { RolloutOutcome } from '../model/recording.ts';
import type { Reason, Verdict } from '../model/verdict.ts';
import type { RunFacts } from './run-facts.ts';

/** Something that by itself keeps a run from passing. */
export interface Finding {
  readonly verdict: Exclude<Verdict, 'pass'>;
  readonly reason: Reason;
}

interface OutcomeText {
  readonly verdict: 'rollout-failed' | 'inconclusive';
  readonly text: string;
  readonly remedy: string;
}

const OUTCOMES: Readonly<Record<Exclude<RolloutOutcome, 'completed'>, OutcomeText>> = {
  'nothing-replaced': {
    verdict: 'rollout-failed',
    text: 'The update replaced no pod, so there was no rollout to measure.',
    remedy: 'Choose an update that changes the pod template, or `update: restart`.',
  },
  'image-pull-failed': {
    verdict: 'rollout-failed',
    text: 'A new pod could not get its image.',
    remedy: 'Name the image under `images` so that it is loaded into the nodes, or correct its name.',
  },
  'crash-loop': {
    verdict: 'rollout-failed',
    text: 'A container of a new pod keeps crashing.',
    remedy: 'Read its last log lines in the report folder; the new version does not start.',
  },
  unschedulable: {
    verdict: 'rollout-failed',
    text: 'A new pod finds no node.',
    remedy: 'Lower the requests of the pod, or give the cluster more nodes with `nodes`.',
  },
  'create-failed': {
    verdict: 'rollout-failed',
    text: 'New pods could not be created.',
    remedy: 'Look at the quota, the service account and the admission rules that the message names.',
  },
  'not-ready': {
    verdict: 'rollout-failed',
    text: 'The new pods did not become ready.',
    remedy: 'Look at the readiness probe of the new version and at its log.',
  },
  paused: {
    verdict: 'rollout-failed',
    text: 'The Deployment is paused, so nothing is rolled out.',
    remedy: 'Remove `spec.paused` from the manifest.',
  },
  'timed-out': {
    verdict: 'rollout-failed',
    text: 'The rollout was not over in time.',
    remedy: 'Raise `rollout-timeout`, or find out in the timeline what it waits for.',
  },
  'update-rejected': {
    verdict: 'rollout-failed',
    text: 'The API server refused the update.',
    remedy: 'Correct the manifest as the message says; the selector of a Deployment cannot be changed.',
  },
  'command-failed': {
    verdict: 'rollout-failed',
    text: 'The update command failed.',
    remedy: 'Run the command by hand against the same cluster (`--keep`).',
  },
  'foreign-change': {
    verdict: 'inconclusive',
    text: 'Somebody else changed the Deployment during the update, so it is not clear what was measured.',
    remedy: 'Keep autoscalers and other controllers off the Deployment while it is measured.',
  },
  cancelled: {
    verdict: 'inconclusive',
    text: 'The run was cancelled during the rollout.',
    remedy: 'Run it again.',
  },
};

/** A sentence, and what was seen: `The update command failed: exit code 1` */
export function withDetail(text: string, detail: string | undefined): string {
  return detail === undefined ? text : `${text.replace(/\.$/, '')}: ${detail}`;
}

/** Why the rollout itself keeps the run from passing; undefined where it completed or was never started. */
export function rolloutFinding(facts: RunFacts): Finding | undefined {
  const { rolloutEnd } = facts;
  if (!rolloutEnd || rolloutEnd.outcome === 'completed') return undefined;
  const { verdict, text, remedy } = OUTCOMES[rolloutEnd.outcome];
  return { verdict, reason: { code: rolloutEnd.outcome, text: withDetail(text, rolloutEnd.detail), remedy } };
}
