import type { Suggestion } from '../../../model/finding.ts';
import type { TemplateFact } from '../../../model/recording.ts';
import { time } from '../evidence.ts';
import { sentToEndingMs } from '../sent-to-ending.ts';
import { type Drop, type Story, servingContainer } from '../story.ts';
import { insertedDiff, replacedBlock, suggestionOf } from './edit.ts';
import { graceEdit, SHUTDOWN_SECONDS } from './grace-cures.ts';

/** Beyond what was measured: as much again on a slower day, and at least this. */
const LEAST_MARGIN_MS = 2_000;

/** From this minor version of Kubernetes 1 on, `preStop.sleep` is there without a feature gate. */
const SLEEP_SINCE = 30;

/**
 * The smallest preStop that would have been long enough here, with its margin, and a grace period that has room for it.
 * Undefined where it is not known how long was needed.
 */
export function longerPreStop(
  story: Story,
  template: TemplateFact,
  drops: readonly Drop[],
): Suggestion | undefined {
  const needMs = sentToEndingMs(story, drops);
  if (needMs === undefined) return undefined;
  const marginMs = Math.max(needMs, LEAST_MARGIN_MS);
  const seconds = Math.ceil((needMs + marginMs) / 1000);
  const container = servingContainer(template);
  const hook = hasSleepAction(story.header.environment.kubernetes)
    ? { sleep: { seconds } }
    : { exec: { command: ['sleep', String(seconds)] } };
  const fields = { lifecycle: { preStop: withoutOthers(hook, container?.preStop?.how) } };
  const { lifecycle, preStop, preStopLines, container: place } = template.places ?? {};
  const old = container?.preStop;
  // A container that has other hooks needs a hand, and so does a hook that does more than sleep.
  const diff = lifecycle
    ? replacedBlock(preStop, preStopLines, { preStop: hook })
    : insertedDiff(place, fields);
  const grace = template.gracePeriodSeconds;
  const raised = seconds + 2 * SHUTDOWN_SECONDS;
  const fits = seconds + SHUTDOWN_SECONDS <= grace;
  const more = fits
    ? ''
    : ` Raise terminationGracePeriodSeconds from ${grace} to ${raised}, too: it begins before the hook.`;
  const verb = old
    ? `Let the preStop hook of ${container?.name} sleep`
    : `Let ${container?.name ?? 'the container'} sleep`;
  return suggestionOf(
    `${verb} ${seconds} s before it gets SIGTERM: connections were sent to an ending pod for ${time(needMs)} after it was told to end, and ${time(marginMs)} are the margin; the sum is rounded up to whole seconds.${more}`,
    [{ at: 'container', fields, ...diff }, ...(fits ? [] : [graceEdit(template, raised)])],
    story,
    template,
  );
}

/** The same where the hook that is there cannot run: then only the sleep action helps, which needs no program. */
export function runnablePreStop(
  story: Story,
  template: TemplateFact,
  drops: readonly Drop[],
): Suggestion | undefined {
  const { kubernetes } = story.header.environment;
  if (hasSleepAction(kubernetes)) return longerPreStop(story, template, drops);
  return {
    text: `No line of the manifest helps on Kubernetes ${kubernetes}, which has no \`sleep\` action (1.${SLEEP_SINCE} has): put the program that the hook names into the image, or let the app itself wait after SIGTERM.`,
    yaml: [],
  };
}

/** A hook is one action: the others go, or the API server refuses it. */
function withoutOthers<T extends object>(hook: T, before: string | undefined) {
  if (before === undefined || before in hook) return hook;
  const key = { exec: 'exec', http: 'httpGet', sleep: 'sleep', other: 'tcpSocket' }[before];
  return key === undefined ? hook : { ...hook, [key]: null };
}

function hasSleepAction(kubernetes: string): boolean {
  const [major = 0, minor = 0] = kubernetes.replace(/^v/, '').split('.').map(Number);
  return major > 1 || (major === 1 && minor >= SLEEP_SINCE);
}
