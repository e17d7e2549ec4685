import type { Cause, Finding } from '../../model/finding.ts';
import type { RolloutOutcome } from '../../model/recording.ts';
import type { Story } from './story.ts';

/** Outcomes of an update that began and did not come to its end. */
const STALLED: ReadonlySet<RolloutOutcome> = new Set([
  'image-pull-failed',
  'crash-loop',
  'unschedulable',
  'create-failed',
  'not-ready',
  'paused',
  'timed-out',
]);

/** Why the rollout itself proves nothing. No drop is laid to it: what was lost has causes of its own. */
export function rolloutFindings(story: Story): readonly Finding[] {
  const { rolloutEnd } = story;
  if (!rolloutEnd) return [];
  const { outcome, detail } = rolloutEnd;
  const evidence = detail === undefined ? [] : [sentence(detail)];
  if (outcome === 'nothing-replaced') return [withoutDrops('nothing-rolled', evidence)];
  if (!STALLED.has(outcome)) return [];
  const port = portInTheWay(story);
  if (port !== undefined) return [withoutDrops('host-port-conflict', [sentence(port), ...evidence])];
  return [withoutDrops('rollout-stalled', [`The rollout ended as ${outcome}.`, ...evidence])];
}

/** A part of the cluster was restarted during the update, and nothing was lost for it: there is no verdict still. */
export function restartFindings({ notes }: Story, others: readonly Finding[]): readonly Finding[] {
  const restarts = notes.filter(({ subject }) => subject === 'infrastructure-restart');
  const told = others.some(({ cause }) => cause === 'proxy-or-cni-restart');
  if (restarts.length === 0 || told) return [];
  return [withoutDrops('proxy-or-cni-restart', [...new Set(restarts.map(({ text }) => sentence(text)))])];
}

/** What the scheduler and the kubelet say of a port of the node that is taken. */
const NO_FREE_PORT = /free ports for the requested pod ports|NodePorts/;

/** What servers say of it. */
const IN_USE = /EADDRINUSE|address already in use/i;

function portInTheWay({ rolloutEnd, notes, events, before, after }: Story): string | undefined {
  const logs = notes.filter(({ subject }) => subject === 'container-log').map(({ text }) => text);
  const words = [rolloutEnd?.detail ?? '', ...events.map(({ message }) => message)];
  // A port in use in a pod's own network is the server's own affair.
  const onHost = (after ?? before)?.hostNetwork === true;
  const said = words.find((text) => NO_FREE_PORT.test(text));
  return said ?? (onHost ? [...words, ...logs].find((text) => IN_USE.test(text)) : undefined);
}

function withoutDrops(cause: Cause, evidence: readonly string[]): Finding {
  return { cause, drops: 0, confidence: 'high', pods: [], evidence };
}

function sentence(text: string): string {
  const [first = '', ...rest] = text.trim();
  return `${first.toUpperCase()}${rest.join('')}${/[.!?]$/.test(text.trim()) ? '' : '.'}`;
}
