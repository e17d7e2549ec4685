import type { Header } from '../model/recording.ts';
import type { GateResult } from '../model/verdict.ts';
import { gateResult, runsLeftOut, scenarioResult } from '../verdict/combine.ts';
import { judgeRun } from '../verdict/judge.ts';
import type { NamedRecording } from './render-reports.ts';

/** The result that follows from recordings alone: runs of one scenario are put together, scenarios keep their order. */
export function judgeRecordings(recordings: readonly NamedRecording[], version: string): GateResult {
  const byScenario = Map.groupBy(
    recordings.flatMap(({ entries }) => {
      const header = entries.find((entry): entry is Header => entry.kind === 'header');
      return header ? [{ header, entries }] : [];
    }),
    ({ header }) => header.scenario.name,
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
    const last = judged.toSorted((a, b) => a.run - b.run).at(-1);
    return [
      scenarioResult({
        scenario,
        environment,
        runs: judged,
        trials,
        runsNotMade: repeat && !repeat.all ? runsLeftOut(last, repeat.runs) : 0,
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
