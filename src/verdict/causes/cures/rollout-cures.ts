import type { Suggestion } from '../../../model/finding.ts';
import type { TemplateFact } from '../../../model/recording.ts';
import type { Story } from '../story.ts';
import { nestedDiff, replacedBlock, suggestionOf } from './edit.ts';

/** A new pod before an old one ends. Undefined where that is how it rolls already. */
export function surge(story: Story, template: TemplateFact): Suggestion | undefined {
  if (startsNewOnesFirst(template, story)) return undefined;
  const rollingUpdate = { maxUnavailable: 0, maxSurge: 1 };
  const fields = { strategy: { type: 'RollingUpdate', rollingUpdate } };
  const { type, maxSurge = '', maxUnavailable = '' } = template.strategy;
  const now = type === 'RollingUpdate' ? `maxUnavailable ${maxUnavailable}, maxSurge ${maxSurge}` : type;
  const { strategy, strategyLines, spec } = template.places ?? {};
  const diff = strategy ? replacedBlock(strategy, strategyLines, fields) : nestedDiff(spec, fields);
  return suggestionOf(
    `Start a new pod before an old one ends (now: ${now}).`,
    [{ at: 'deployment-spec', fields, ...diff }],
    story,
    template,
  );
}

/** With shares rounded as the Deployment's controller does: what may be missing down, what may be added up. */
function startsNewOnesFirst(
  { strategy: { type, maxSurge, maxUnavailable } }: TemplateFact,
  { pods }: Story,
): boolean {
  const replicas = pods.filter(({ generation }) => generation === 'old').length;
  const podsOf = (value: string | undefined, rounded: (pods: number) => number) =>
    value?.endsWith('%') ? rounded((Number.parseFloat(value) * replicas) / 100) : Number(value ?? Number.NaN);
  return (
    type === 'RollingUpdate' && podsOf(maxUnavailable, Math.floor) === 0 && podsOf(maxSurge, Math.ceil) > 0
  );
}

/** Nodes without a pod of their own pass requests on. */
export function clusterPolicy(story: Story, template: TemplateFact): Suggestion | undefined {
  const { externalTrafficPolicy, internalTrafficPolicy } = template.service ?? {};
  const fields = {
    ...(externalTrafficPolicy === 'Local' && { externalTrafficPolicy: 'Cluster' }),
    ...(internalTrafficPolicy === 'Local' && { internalTrafficPolicy: 'Cluster' }),
  };
  if (Object.keys(fields).length === 0) return undefined;
  return suggestionOf(
    `Use the traffic policy Cluster for the Service ${story.header.scenario.service}: a node without a ready pod then passes requests on. The pods no longer see the clients' own addresses.`,
    [{ at: 'service-spec', fields }],
    story,
    template,
  );
}

/** Clients are no longer bound to a pod that ends. */
export function noAffinity(story: Story, template: TemplateFact): Suggestion {
  return suggestionOf(
    `Do not bind clients to a pod in the Service ${story.header.scenario.service}, unless the app keeps something of theirs in its memory.`,
    [{ at: 'service-spec', fields: { sessionAffinity: 'None' } }],
    story,
    template,
  );
}
