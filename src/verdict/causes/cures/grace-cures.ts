import type { Suggestion } from '../../../model/finding.ts';
import type { TemplateFact } from '../../../model/recording.ts';
import { time } from '../evidence.ts';
import { type Drop, type Story, servingContainer } from '../story.ts';
import { type Edit, nestedDiff, replacedDiff, suggestionOf } from './edit.ts';

/** What a server needs after its hook to finish what it has accepted. */
export const SHUTDOWN_SECONDS = 5;

/** The hook takes the whole grace period, or more. */
export function graceAbovePreStop(story: Story, template: TemplateFact): Suggestion | undefined {
  const hook = servingContainer(template)?.preStop?.seconds;
  if (hook === undefined) return undefined;
  const seconds = hook + 2 * SHUTDOWN_SECONDS;
  return suggestionOf(
    `Raise terminationGracePeriodSeconds from ${template.gracePeriodSeconds} to ${seconds}: the preStop hook takes ${hook} s of it, and ${2 * SHUTDOWN_SECONDS} s are left to finish.`,
    [graceEdit(template, seconds)],
    story,
    template,
  );
}

/** Pods need longer than they have to end, unless they were given less than the template does. */
export function graceForShutdown(story: Story, template: TemplateFact, drops: readonly Drop[]): Suggestion {
  return drops.every(({ pod }) => pod?.ownGraceSeconds !== undefined)
    ? {
        text: 'No line of the manifest helps. Leave pods the grace period of their template: delete none of them with `--force` or a shorter `--grace-period`.',
        yaml: [],
      }
    : graceForRequests(story, template, drops);
}

/** Requests take longer than pods have to end. */
export function graceForRequests(story: Story, template: TemplateFact, drops: readonly Drop[]): Suggestion {
  const hook = servingContainer(template)?.preStop?.seconds ?? 0;
  const longestMs = drops.reduce(
    (longest, { sentMs, endedMs }) => Math.max(longest, endedMs - sentMs),
    story.header.scenario.deadlineMs,
  );
  const seconds =
    Math.max(template.gracePeriodSeconds, hook) + Math.ceil(longestMs / 1000) + SHUTDOWN_SECONDS;
  return suggestionOf(
    `Raise terminationGracePeriodSeconds from ${template.gracePeriodSeconds} to ${seconds}: a request may take ${time(longestMs)} and begin last of all.`,
    [graceEdit(template, seconds)],
    story,
    template,
  );
}

/** The grace period, written anew or for the first time. */
export function graceEdit(template: TemplateFact, seconds: number): Edit {
  const fields = { terminationGracePeriodSeconds: seconds };
  const { gracePeriod, podSpec } = template.places ?? {};
  const old = `terminationGracePeriodSeconds: ${template.gracePeriodSeconds}`;
  return {
    at: 'pod-spec',
    fields,
    ...(gracePeriod ? replacedDiff(gracePeriod, old, fields) : nestedDiff(podSpec, fields)),
  };
}
