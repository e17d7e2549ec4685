import { markdownTable } from 'markdown-table';
import type { PodTimes } from '../model/finding.ts';
import type { RunResult } from '../model/verdict.ts';
import { duration, NOTHING } from './figures.ts';
import { codeCell } from './markdown.ts';

/** Pods of one table; more of them help nobody. */
const ROW_LIMIT = 20;

/** How long each step of a pod took, old and new pods in a table of their own. Empty where no pod was replaced. */
export function stopwatchTables({ pods }: RunResult): readonly string[] {
  return [
    ...endingTable(pods.filter(({ deleteAskedMs }) => deleteAskedMs !== undefined)),
    ...startingTable(
      pods.filter(({ generation, createdMs }) => generation === 'new' && createdMs !== undefined),
    ),
  ];
}

function endingTable(pods: readonly PodTimes[]): readonly string[] {
  return table(pods, 'Ending pod, since it was told to end', [
    [
      'Endpoint terminating',
      ({ deleteAskedMs, endpointTerminatingMs }) => [deleteAskedMs, endpointTerminatingMs],
    ],
    [
      'Hook over',
      ({ deleteAskedMs, hookOverMs }) => [deleteAskedMs, hookOverMs],
      ({ hookShownBy }) => (hookShownBy === 'template' ? ' (from the template)' : ''),
    ],
    [
      'Stop signal',
      ({ deleteAskedMs, signalledMs }) => [deleteAskedMs, signalledMs],
      ({ signal }) => (signal === undefined || signal === 'SIGTERM' ? '' : ` (${signal})`),
    ],
    ['Last request answered', ({ deleteAskedMs, lastServedMs }) => [deleteAskedMs, lastServedMs]],
    ['Last request in vain', ({ deleteAskedMs, lastInVainMs }) => [deleteAskedMs, lastInVainMs]],
    ['Exit known', ({ deleteAskedMs, exitedMs }) => [deleteAskedMs, exitedMs]],
    ['Out of endpoints', ({ deleteAskedMs, outOfEndpointsMs }) => [deleteAskedMs, outOfEndpointsMs]],
    ['Gone', ({ deleteAskedMs, goneMs }) => [deleteAskedMs, goneMs]],
  ]);
}

function startingTable(pods: readonly PodTimes[]): readonly string[] {
  return table(pods, 'New pod, since it was created', [
    ['Started', ({ createdMs, startedMs }) => [createdMs, startedMs]],
    ['Ready', ({ createdMs, readyMs }) => [createdMs, readyMs]],
    ['In endpoints', ({ createdMs, inEndpointsMs }) => [createdMs, inEndpointsMs]],
    ['First request answered', ({ createdMs, firstServedMs }) => [createdMs, firstServedMs]],
  ]);
}

type Step = readonly [
  title: string,
  span: (pod: PodTimes) => readonly [number | undefined, number | undefined],
  /** What to say of it beside the time. */
  remark?: (pod: PodTimes) => string,
];

/** Steps that not every pod has: they stand in the table where one of its pods has them. */
const OCCASIONAL: ReadonlySet<string> = new Set(['Hook over', 'Stop signal']);

function table(pods: readonly PodTimes[], title: string, all: readonly Step[]): readonly string[] {
  if (pods.length === 0) return [];
  const shown = pods.slice(0, ROW_LIMIT);
  const has = (span: Step[1]) => shown.some((pod) => span(pod)[1] !== undefined);
  const steps = all.filter(([step, span]) => !OCCASIONAL.has(step) || has(span));
  const exits = shown.some(({ exitCode }) => exitCode !== undefined);
  const rows = shown.map((pod) => [
    codeCell(pod.name),
    ...steps.map(([, span, remark]) => `${elapsed(...span(pod))}${remark?.(pod) ?? ''}`),
    ...(exits ? [String(pod.exitCode ?? NOTHING)] : []),
  ]);
  const head = [title, ...steps.map(([step]) => step), ...(exits ? ['Exit code'] : [])];
  const align = head.map((_, column) => (column === 0 ? 'l' : 'r'));
  const more =
    pods.length > shown.length ? [`${pods.length - shown.length} more pods are in result.json.`, ''] : [];
  return [markdownTable([head, ...rows], { align, alignDelimiters: false }), '', ...more];
}

function elapsed(fromMs: number | undefined, toMs: number | undefined): string {
  if (fromMs === undefined || toMs === undefined) return NOTHING;
  return toMs < fromMs ? `−${duration(fromMs - toMs)}` : duration(toMs - fromMs);
}
