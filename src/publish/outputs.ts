import { setOutput } from '@actions/core';
import type { GateResult } from '../model/verdict.ts';

/** The outputs of action.yml, all of them text as the runner keeps them. */
export interface Outputs {
  readonly verdict: string;
  readonly dropped: string;
  readonly requests: string;
  readonly 'longest-outage-ms': string;
  readonly 'report-dir': string;
  readonly 'result-json': string;
  /** Empty where no comment was written. */
  readonly 'comment-url': string;
  /** Empty where no cluster was made. */
  readonly 'cluster-name': string;
}

/** What the result does not know itself. Paths as a later step can use them. */
export interface OutputPlaces {
  readonly reportDir: string;
  readonly resultJson: string;
  readonly commentUrl?: string | undefined;
  readonly clusterName?: string | undefined;
}

/** The outputs for a result; `requests` are those that were sent. */
export function gateOutputs(result: GateResult, places: OutputPlaces): Outputs {
  const total = (count: (scenario: GateResult['scenarios'][number]) => number) =>
    String(result.scenarios.reduce((sum, scenario) => sum + count(scenario), 0));
  return {
    verdict: result.verdict,
    dropped: total(({ requests }) => requests.dropped),
    requests: total(({ requests }) => requests.sent),
    'longest-outage-ms': String(Math.round(Math.max(0, ...result.scenarios.map((s) => s.longestOutageMs)))),
    'report-dir': places.reportDir,
    'result-json': places.resultJson,
    'comment-url': places.commentUrl ?? '',
    'cluster-name': places.clusterName ?? '',
  };
}

/** Hands the outputs to the runner (the file that GITHUB_OUTPUT names). Throws where it cannot be written. */
export function writeOutputs(outputs: Outputs): void {
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value);
}
