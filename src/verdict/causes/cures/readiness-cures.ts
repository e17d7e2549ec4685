import type { Suggestion } from '../../../model/finding.ts';
import type { TemplateFact } from '../../../model/recording.ts';
import { time } from '../evidence.ts';
import { type Drop, type Story, servingContainer } from '../story.ts';
import { insertedDiff, suggestionOf } from './edit.ts';

/** Beyond what was measured: as much again, and at least this. */
const LEAST_MARGIN_MS = 2_000;

/** A probe that asks for what clients ask for; undefined where no port is known to ask. */
export function readinessProbe(story: Story, template: TemplateFact): Suggestion | undefined {
  const container = servingContainer(template);
  const port = container?.ports[0];
  if (!container || !port) return undefined;
  const fields = {
    readinessProbe: {
      httpGet: { path: story.header.scenario.path, port: port.name ?? port.containerPort },
      periodSeconds: 1,
    },
  };
  return suggestionOf(
    `Give ${container.name} a readiness probe, so that it gets requests only when it answers them.`,
    [{ at: 'container', fields, ...insertedDiff(template.places?.container, fields) }],
    story,
    template,
  );
}

/** A shallow probe is replaced by one that asks for what clients ask for; one that does so already begins later. */
export function deeperReadiness(
  story: Story,
  template: TemplateFact,
  drops: readonly Drop[],
): Suggestion | undefined {
  const container = servingContainer(template);
  const port = container?.ports[0];
  const { path } = story.header.scenario;
  const probe = container?.readiness;
  if (!container || !probe) return undefined;
  if (!port || (probe.how === 'http' && probe.path === path)) return laterReadiness(story, template, drops);
  const others = { tcp: 'tcpSocket', grpc: 'grpc', exec: 'exec', http: undefined }[probe.how];
  const httpGet = { path: path, port: port.name ?? port.containerPort };
  const fields = { readinessProbe: { httpGet, ...(others && { [others]: null }) } };
  return suggestionOf(
    `Let the readiness probe of ${container.name} ask for ${path}, as clients do: it succeeds by other means before that is answered.`,
    [{ at: 'container', fields }],
    story,
    template,
  );
}

/** The probe begins only when, here, the pod could be reached and answered. */
export function laterReadiness(
  story: Story,
  template: TemplateFact,
  drops: readonly Drop[],
): Suggestion | undefined {
  const container = servingContainer(template);
  if (!container?.readiness) return undefined;
  const needs = drops.flatMap(({ pod, sentMs }) =>
    pod?.startedMs === undefined ? [] : [sentMs - pod.startedMs],
  );
  if (needs.length === 0) return undefined;
  const needMs = Math.max(0, ...needs);
  const marginMs = Math.max(needMs, LEAST_MARGIN_MS);
  const seconds = Math.ceil((needMs + marginMs) / 1000);
  return suggestionOf(
    `Let the readiness probe of ${container.name} begin ${seconds} s after its start: requests to a new pod were lost until ${time(needMs)} after it, and ${time(marginMs)} are the margin.`,
    [{ at: 'container', fields: { readinessProbe: { initialDelaySeconds: seconds } } }],
    story,
    template,
  );
}

/** A probe that is not led astray by one slow answer. */
export function patientReadiness(story: Story, template: TemplateFact): Suggestion | undefined {
  const container = servingContainer(template);
  if (!container?.readiness) return undefined;
  const fields = { readinessProbe: { timeoutSeconds: 5, failureThreshold: 6 } };
  return suggestionOf(
    `Let the readiness probe of ${container.name} wait longer for an answer, and give up only after several: pods that went on serving were taken out of the Service.`,
    [{ at: 'container', fields }],
    story,
    template,
  );
}
