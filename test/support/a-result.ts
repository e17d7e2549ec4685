import type { RecordingEntry } from '../../src/model/recording.ts';
import type { GateResult } from '../../src/model/verdict.ts';
import { gateResult, scenarioResult } from '../../src/verdict/combine.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRecording, type RecordingOptions } from './a-recording.ts';

/** A result and the recordings it follows from, one scenario for each list of runs. */
export interface ResultWithRecordings {
  readonly result: GateResult;
  readonly recordings: readonly { readonly entries: readonly RecordingEntry[] }[];
}

/** Judges drawn recordings the way the gate does: those of one scenario (by its name) are its runs. */
export function aResult(
  runs: readonly RecordingOptions[] = [{}],
  different: Partial<Pick<GateResult, 'reasons' | 'assumed'>> = {},
): ResultWithRecordings {
  const recordings = runs.map((options) => aRecording(options));
  const byName = Map.groupBy(recordings, ([header]) =>
    header?.kind === 'header' ? header.scenario.name : '',
  );
  const scenarios = [...byName.values()].flatMap((entries) => {
    const header = entries[0]?.[0];
    if (header?.kind !== 'header') return [];
    const { scenario, environment } = header;
    return [scenarioResult({ scenario, environment, runs: entries.map(judgeRun) })];
  });
  return {
    recordings: recordings.map((entries) => ({ entries })),
    result: gateResult({
      rollproof: '0.1.0',
      startedAt: '2026-11-20T12:00:00.000Z',
      scenarios,
      reasons: [],
      assumed: ['deployment web (the only one behind a Service)'],
      ...different,
    }),
  };
}

/** The demo: a workload that drops, and the same with a preStop hook. */
export const RED_AND_GREEN: readonly RecordingOptions[] = [
  {
    scenario: { name: 'without preStop' },
    target: [{ atMs: 4_510, draw: 'xxxxxxxx.x.tt' }],
    template: {
      places: {
        spec: { file: 'k8s/web.yaml', line: 6, column: 1 },
        podSpec: { file: 'k8s/web.yaml', line: 14, column: 5 },
        container: { file: 'k8s/web.yaml', line: 16, column: 11 },
      },
    },
  },
  { scenario: { name: 'preStop sleep 10' } },
];

/** One of each verdict. */
export const ALL_VERDICTS: readonly RecordingOptions[] = [
  ...RED_AND_GREEN,
  {
    scenario: { name: 'crashes' },
    outcome: 'crash-loop',
    detail: 'Container web of pod web-new-0 exited with 1 (Error).',
  },
  { scenario: { name: 'prober asleep' }, asleep: [{ fromMs: 4_000, toMs: 7_000 }] },
  { scenario: { name: 'cut short' }, end: 'failed' },
];
