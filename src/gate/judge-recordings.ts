import type { Header } from '../model/recording.ts';
import type { GateResult } from '../model/verdict.ts';
import { gateResult, scenarioResult } from '../verdict/combine.ts';
import { judgeRun } from '../verdict/judge.ts';
import type { NamedRecording } from './render-reports.ts';

/**
 * The same recordings, each once: one that was given twice, by a folder and by its own name or as a copy, has not been
 * made twice, and would make a bound surer than it is.
 */
export function distinctRecordings(recordings: readonly NamedRecording[]): readonly NamedRecording[] {
  const same = ({ entries }: NamedRecording) => JSON.stringify([entries[0], entries.length, entries.at(-1)]);
  return [...Map.groupBy(recordings, same).values()].flatMap(([first]) => first ?? []);
}

/**
 * The result that follows from recordings alone: runs of one scenario on one kind of cluster are put together, because
 * a stand-in shows nothing for a real one. Scenarios keep their order.
 */
export function judgeRecordings(recordings: readonly NamedRecording[], version: string): GateResult {
  const byScenario = Map.groupBy(
    recordings.flatMap(({ entries }) => {
      const header = entries.find((entry): entry is Header => entry.kind === 'header');
      return header ? [{ header, entries }] : [];
    }),
    ({ header: { scenario, environment } }) => JSON.stringify([scenario.name, environment.cluster]),
  );
  const scenarios = [...byScenario.values()].flatMap((runs) => {
    const own = runs.filter(({ header }) => header.trial === undefined);
    const [first] = own.length > 0 ? own : runs;
    if (!first) return [];
    const { scenario, environment } = first.header;
    const judged = own.map(({ entries }) => judgeRun(entries));
    const trials = runs.flatMap(({ header: { trial }, entries }) =>
      trial ? [{ trial, result: judgeRun(entries) }] : [],
    );
    const { repeat } = first.header;
    const made = new Set(judged.map(({ run }) => run)).size;
    return [
      scenarioResult({
        scenario,
        environment,
        runs: judged,
        trials,
        // Left out after a clear failure, or lost on the way here.
        runsNotMade: repeat && made > 0 ? Math.max(0, repeat.runs - made) : 0,
      }),
    ];
  });
  const startedAt =
    [...byScenario.values()]
      .flat()
      .map(({ header }) => header.startedAt)
      .sort()[0] ?? '';
  return gateResult({ rollproof: version, startedAt, scenarios, reasons: [], assumed: [] });
}
