import type { Cause, Suggestion } from '../../model/finding.ts';
import type { SourcePlace } from '../../model/manifest.ts';
import type { TemplateFact } from '../../model/recording.ts';
import { time } from './evidence.ts';
import { type Story, servingContainer } from './story.ts';

/** Beyond what was measured: as much again on a slower day, and at least this. */
const LEAST_MARGIN_MS = 2_000;

/** What a server needs after its hook to finish what it has accepted. */
const SHUTDOWN_SECONDS = 5;

/** From this minor version of Kubernetes 1 on, `preStop.sleep` is there without a feature gate. */
const SLEEP_SINCE = 30;

/**
 * The change to the manifest that should help, in the user's own lines where they are known. It is not tried here.
 * Undefined where the cause is not cured by lines of the manifest, or not by the same ones for everybody.
 */
export function suggestionFor(cause: Cause, story: Story): Suggestion | undefined {
  const template = story.after ?? story.before;
  if (!template) return undefined;
  switch (cause) {
    case 'stops-before-endpoint-removal':
    case 'prestop-too-short':
    case 'prestop-cannot-run':
      return longerPreStop(story, template);
    case 'prestop-exceeds-grace':
      return graceAbovePreStop(template);
    case 'request-outlives-grace':
      return graceForRequests(story, template);
    case 'missing-readiness-probe':
      return readinessProbe(story, template);
    case 'no-endpoints':
      return surge(template);
    default:
      return undefined;
  }
}

/** The smallest preStop that would have been long enough here, with its margin. */
function longerPreStop(story: Story, template: TemplateFact): Suggestion | undefined {
  const needMs = measuredNeedMs(story);
  if (needMs === undefined) return undefined;
  const marginMs = Math.max(needMs, LEAST_MARGIN_MS);
  const seconds = Math.ceil((needMs + marginMs) / 1000);
  const container = servingContainer(template);
  const grace = template.gracePeriodSeconds;
  const fits = seconds + SHUTDOWN_SECONDS <= grace;
  const hook = hasSleepAction(story.header.environment.kubernetes)
    ? ['    sleep:', `      seconds: ${seconds}`]
    : ['    exec:', `      command: ["sleep", "${seconds}"]`];
  const yaml = ['lifecycle:', '  preStop:', ...hook];
  const more = fits
    ? ''
    : ` Raise terminationGracePeriodSeconds from ${grace} to ${seconds + 2 * SHUTDOWN_SECONDS}, too: it begins before the hook.`;
  const verb = container?.preStop
    ? `Let the preStop hook of ${container.name} sleep`
    : `Let ${container?.name ?? 'the container'} sleep`;
  const text = `${verb} ${seconds} s before it gets SIGTERM: connections were sent to an ending pod for ${time(needMs)} after it was told to end, and ${time(marginMs)} are the margin.${more}`;
  // A container that has other hooks, or this one, needs a hand.
  const place = template.places?.lifecycle ? undefined : template.places?.container;
  return { text, yaml, ...inserted(place, yaml) };
}

/** How long after it was told to end a pod was still sent new connections, in the worst case. */
function measuredNeedMs({ visits, pods }: Story): number | undefined {
  const needs = pods.flatMap((pod) => {
    const { askedFromMs, terminatingMs = askedFromMs } = pod;
    if (askedFromMs === undefined || terminatingMs === undefined) return [];
    const own = visits.filter((visit) => visit.pod === pod && !visit.reused && visit.sentMs >= askedFromMs);
    return own.length === 0
      ? []
      : [Math.max(0, Math.max(...own.map(({ sentMs }) => sentMs)) - terminatingMs)];
  });
  return needs.length === 0 ? undefined : Math.max(...needs);
}

function graceAbovePreStop(template: TemplateFact): Suggestion | undefined {
  const hook = servingContainer(template)?.preStop?.seconds;
  if (hook === undefined) return undefined;
  const seconds = hook + 2 * SHUTDOWN_SECONDS;
  return grace(
    template,
    seconds,
    `Raise terminationGracePeriodSeconds from ${template.gracePeriodSeconds} to ${seconds}: the preStop hook takes ${hook} s of it, and ${2 * SHUTDOWN_SECONDS} s are left to finish.`,
  );
}

function graceForRequests({ header, drops }: Story, template: TemplateFact): Suggestion {
  const hook = servingContainer(template)?.preStop?.seconds ?? 0;
  const longestMs = Math.max(
    ...drops.map(({ sentMs, endedMs }) => endedMs - sentMs),
    header.scenario.deadlineMs,
  );
  const seconds =
    Math.max(template.gracePeriodSeconds, hook) + Math.ceil(longestMs / 1000) + SHUTDOWN_SECONDS;
  return grace(
    template,
    seconds,
    `Raise terminationGracePeriodSeconds from ${template.gracePeriodSeconds} to ${seconds}: a request may take ${time(longestMs)} and begin last of all.`,
  );
}

function grace(template: TemplateFact, seconds: number, text: string): Suggestion {
  const yaml = [`terminationGracePeriodSeconds: ${seconds}`];
  const { gracePeriod, podSpec } = template.places ?? {};
  if (gracePeriod) {
    const old = `terminationGracePeriodSeconds: ${template.gracePeriodSeconds}`;
    return { text, yaml, ...replaced(gracePeriod, old, yaml) };
  }
  return { text, yaml, ...nested(podSpec, yaml) };
}

function readinessProbe({ header }: Story, template: TemplateFact): Suggestion | undefined {
  const container = servingContainer(template);
  const port = container?.ports[0];
  if (!container || !port) return undefined;
  const yaml = [
    'readinessProbe:',
    '  httpGet:',
    `    path: ${JSON.stringify(header.scenario.path)}`,
    `    port: ${port.name ?? port.containerPort}`,
    '  periodSeconds: 1',
  ];
  const text = `Give ${container.name} a readiness probe, so that it gets requests only when it answers them.`;
  return { text, yaml, ...inserted(template.places?.container, yaml) };
}

function surge(template: TemplateFact): Suggestion | undefined {
  const yaml = [
    'strategy:',
    '  type: RollingUpdate',
    '  rollingUpdate:',
    '    maxUnavailable: 0',
    '    maxSurge: 1',
  ];
  const { type, maxSurge = '', maxUnavailable = '' } = template.strategy;
  const now = type === 'RollingUpdate' ? `maxUnavailable ${maxUnavailable}, maxSurge ${maxSurge}` : type;
  const text = `Start a new pod before an old one ends (now: ${now}).`;
  const place = template.places?.strategy ? undefined : template.places?.spec;
  return { text, yaml, ...nested(place, yaml) };
}

/** Lines that go behind the first line of a container, in line with its keys. */
function inserted(place: SourcePlace | undefined, lines: readonly string[]): Pick<Suggestion, 'diff'> {
  return place ? { diff: { place, lines: indented(lines, place.column - 1) } } : {};
}

/** Lines that go behind a key, two columns further in. */
function nested(place: SourcePlace | undefined, lines: readonly string[]): Pick<Suggestion, 'diff'> {
  return place ? { diff: { place, lines: indented(lines, place.column + 1) } } : {};
}

function replaced(place: SourcePlace, old: string, lines: readonly string[]): Pick<Suggestion, 'diff'> {
  const indent = ' '.repeat(place.column - 1);
  return { diff: { place, lines: [`-${indent}${old}`, ...indented(lines, place.column - 1)] } };
}

function indented(lines: readonly string[], columns: number): readonly string[] {
  return lines.map((line) => `+${' '.repeat(columns)}${line}`);
}

function hasSleepAction(kubernetes: string): boolean {
  const [major = 0, minor = 0] = kubernetes.replace(/^v/, '').split('.').map(Number);
  return major > 1 || (major === 1 && minor >= SLEEP_SINCE);
}
