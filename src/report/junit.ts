import junitReportBuilder, { type Builder, type TestCase } from 'junit-report-builder';
import { plural } from '../model/counted.ts';
import type { GateResult, RunResult } from '../model/verdict.ts';
import { plainLine } from './markdown.ts';
import { runName } from './run-name.ts';
import { standInNotice } from './stand-in-notice.ts';

// The package's types tell of a default export beside the module itself, but the module is the builder.
const junit = junitReportBuilder as unknown as Builder;

/**
 * JUnit XML: one test case for each run of each scenario. What the workload did is a failure; what kept us from
 * measuring is an error. A scenario without runs is one erroneous test case, so that it is never taken for green.
 */
export function renderJunit(result: GateResult): string {
  const builder = junit.newBuilder();
  const suite = builder
    .testSuite()
    .name(['rollproof', ...standInNotice(result)].join(' '))
    .timestamp(result.startedAt.slice(0, 19));
  for (const { code, text } of result.reasons) {
    suite.testCase().className('rollproof').name(plainLine(code)).error(plainLine(text, 1000), 'error');
  }
  for (const scenario of result.scenarios) {
    const testCase = (name: string) => suite.testCase().className(plainLine(scenario.name)).name(name);
    for (const run of scenario.runs) report(testCase(runName(run, scenario.runs)), run);
    // The scenario's verdict may be worse than that of its runs: some were not made.
    if (scenario.runs.every(({ verdict }) => verdict !== scenario.verdict)) {
      const why = scenario.reasons.map(({ text }) => plainLine(text)).join(' ');
      testCase('all runs').error(why || 'nothing was run', scenario.verdict);
    }
  }
  return `${builder.build()}\n`;
}

function report(testCase: TestCase, run: RunResult): void {
  const { requests, reasons, verdict } = run;
  testCase.time(Math.round(run.rollout.durationMs ?? 0) / 1000);
  const message = reasons.map(({ text }) => plainLine(text)).join(' ');
  const figures = `${plural(requests.sent, 'request')} sent, ${requests.dropped} dropped, ${requests.notJudged} not judged, ${requests.unsent} unsent`;
  testCase.standardOutput(figures);
  switch (verdict) {
    case 'pass':
      return;
    case 'dropped':
    case 'rollout-failed':
      testCase.failure(message, verdict);
      return;
    case 'inconclusive':
    case 'error':
      testCase.error(message, verdict);
  }
}
