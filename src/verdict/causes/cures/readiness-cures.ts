import type { Suggestion } from '../../../model/finding.ts';
import type { PlainRecord } from '../../../model/plain-data.ts';
import type { TemplateContainer, TemplateFact } from '../../../model/recording.ts';
import { GRPC_HEALTH_CHECK } from '../../../model/scenario.ts';
import { time } from '../evidence.ts';
import { type Drop, type Story, servingContainer } from '../story.ts';
import { insertedDiff, suggestionOf } from './edit.ts';

/** Beyond what was measured: as much again, and at least this. */
const LEAST_MARGIN_MS = 2_000;

/** A probe that asks for what clients ask for; undefined where no port is known to ask. */
export function readinessProbe(story: Story, template: TemplateFact): Suggestion | undefined {
  const container = servingContainer(template);
  const asking = container && askingAsClients(story, template, container);
  if (!container || !asking) return undefined;
  const fields = { readinessProbe: { ...asking, periodSeconds: 1 } };
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
  const { path } = story.header.scenario;
  const probe = container?.readiness;
  if (!container || !probe) return undefined;
  const asking = askingAsClients(story, template, container);
  const now = { tcp: 'tcpSocket', grpc: 'grpc', exec: 'exec', http: 'httpGet' }[probe.how];
  const asksAlready = asking && now in asking && (probe.how !== 'http' || probe.path === path);
  // To connect is the least that a probe can do, so that none is deepened by it.
  if (!asking || 'tcpSocket' in asking || asksAlready) return laterReadiness(story, template, drops);
  const fields = { readinessProbe: { ...asking, ...(!(now in asking) && { [now]: null }) } };
  return suggestionOf(
    `Let the readiness probe of ${container.name} ask for ${path}, as clients do: it succeeds by other means before that is answered.`,
    [{ at: 'container', fields }],
    story,
    template,
  );
}

/** What a kubelet can ask as clients of the protocol do, or nearly so; undefined where it can not, or no port is known. */
function askingAsClients(
  { header: { scenario } }: Story,
  { service }: TemplateFact,
  { ports }: TemplateContainer,
): PlainRecord | undefined {
  const probed = service?.port?.targetPort;
  const port =
    ports.find(({ name, containerPort }) => probed === name || probed === String(containerPort)) ?? ports[0];
  if (!port) return undefined;
  const { containerPort, name = containerPort } = port;
  const { protocol, path } = scenario;
  switch (protocol) {
    case 'http':
      return { httpGet: { path, port: name } };
    case 'https':
      return { httpGet: { path, port: name, scheme: 'HTTPS' } };
    case 'grpc':
      return path === GRPC_HEALTH_CHECK ? { grpc: { port: containerPort } } : { tcpSocket: { port: name } };
    case 'h2':
    case 'tcp':
    case 'websocket':
      return { tcpSocket: { port: name } };
    case 'udp':
      return undefined;
  }
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
