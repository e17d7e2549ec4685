import type { RunResult } from '../model/verdict.ts';
import { least, most } from '../verdict/extremes.ts';
import { type Lane, lanesOf, type Stage } from './lanes.ts';

/** Pods of one chart; more of them cannot be read. */
const LANE_LIMIT = 12;

/** How Mermaid is told to colour a stage. Its red is kept for what was lost. */
const TAGS: Readonly<Record<Stage, string>> = {
  starting: 'active, ',
  'in service': 'done, ',
  'in hook': 'active, ',
  ending: '',
  ended: 'done, ',
};

/** Lead-in before the first pod's change, so that it can be seen what was there. */
const LEAD_MS = 1_000;

/**
 * The pods' times as a Mermaid gantt chart, which GitHub draws in a comment: a section per pod, time in seconds since
 * shortly before the first change. Empty where no pod was replaced.
 */
export function ganttChart({ pods, outages }: RunResult): readonly string[] {
  const changes = pods.flatMap(({ createdMs, deleteAskedMs, goneMs, inEndpointsMs, readyMs, exitedMs }) =>
    [createdMs, deleteAskedMs, goneMs, inEndpointsMs, readyMs, exitedMs].filter((ms) => ms !== undefined),
  );
  if (changes.length === 0) return [];
  const fromMs = Math.max(0, least(changes) - LEAD_MS);
  const toMs = most([...changes, ...outages.map(({ lastDropMs }) => lastDropMs)]) + LEAD_MS;
  const lanes = lanesOf(pods, fromMs, toMs);
  // Mermaid takes Unix milliseconds; the chart begins at midnight, so that its axis reads as minutes and seconds.
  const at = (ms: number) => String(Math.max(0, Math.round(ms - fromMs)));
  const lost = outages.filter(({ lastDropMs }) => lastDropMs >= fromMs);
  return [
    '```mermaid',
    // One row per pod, and room for the names of pods.
    '%%{init: {"gantt": {"displayMode": "compact", "leftPadding": 200}}}%%',
    'gantt',
    '  dateFormat x',
    '  axisFormat %M:%S.%L',
    ...(lost.length === 0 ? [] : ['  section requests lost']),
    ...lost
      .slice(0, LANE_LIMIT)
      .map(
        ({ fromMs: from, toMs: to, dropped }) =>
          `  ${dropped} dropped :crit, ${at(from)}, ${at(Math.max(to, from + 1))}`,
      ),
    ...lanes.slice(0, LANE_LIMIT).flatMap((lane) => section(lane, at)),
    '```',
    '',
    ...(lanes.length > LANE_LIMIT ? [`${lanes.length - LANE_LIMIT} more pods are in report.html.`, ''] : []),
  ];
}

function section({ pod, stretches }: Lane, at: (ms: number) => string): readonly string[] {
  return [
    `  section ${pod.generation} ${inert(pod.name)}`,
    ...stretches.map(({ stage, fromMs, toMs }) => `  ${stage} :${TAGS[stage]}${at(fromMs)}, ${at(toMs)}`),
  ];
}

/** What a pod may be called; everything else could mean something to Mermaid. */
function inert(name: string): string {
  return name.replace(/[^a-zA-Z0-9.-]/g, '?').slice(0, 80);
}
