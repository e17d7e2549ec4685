import type { ReportSettings } from '../model/settings.ts';
import type { GateResult, Verdict } from '../model/verdict.ts';

/** Exit code of the command line: 0 pass, 1 dropped, 3 inconclusive, 4 rollout failed, 5 environment, 70 a bug. */
export function exitCodeOf(result: GateResult): 0 | 1 | 3 | 4 | 5 | 70 {
  switch (result.verdict) {
    case 'pass':
      return 0;
    case 'dropped':
      return 1;
    case 'inconclusive':
      return 3;
    case 'rollout-failed':
      return 4;
    case 'error':
      return isBug(result) ? 70 : 5;
  }
}

/** Whether a verdict fails the job, by what the user chose. */
export function isFailing(verdict: Verdict, failOn: ReportSettings['failOn']): boolean {
  return verdict !== 'pass' && failOn.includes(verdict);
}

function isBug({ reasons, scenarios }: GateResult): boolean {
  return [reasons, ...scenarios.map((scenario) => scenario.reasons)]
    .flat()
    .some(({ code }) => code === 'bug');
}
