import { count } from '../model/counted.ts';
import type { Stream } from '../model/recording.ts';
import type { Outage, Reason, RequestCounts, Verdict } from '../model/verdict.ts';
import { type Account, countRequests } from './account.ts';
import { worstVerdict } from './combine.ts';
import type { GuardOutcome } from './guards.ts';
import { foldOutages } from './outages.ts';
import { responseTimes } from './response-times.ts';
import { type Finding, withDetail } from './rollout-finding.ts';
import type { RunFacts } from './run-facts.ts';

/** What judging a rollout and judging a probe of a URL have in common. */

/** What an account of the requests says by itself, whatever was going on meanwhile. */
export function measuredResult(facts: RunFacts, target: Account) {
  const outages = foldOutages(target.samples, facts.probingStoppedMs);
  const response = responseTimes(target.samples);
  return {
    requests: target.counts,
    phases: target.phases,
    drops: target.drops,
    ...(Object.keys(target.statuses).length === 0 ? {} : { statuses: mostFrequent(target.statuses) }),
    notJudged: target.notJudged,
    outages: worstOutages(outages),
    ...(outages.length > OUTAGE_LIMIT ? { outagesLeftOut: outages.length - OUTAGE_LIMIT } : {}),
    longestOutageMs: outages.reduce((longest, { lengthMs }) => Math.max(longest, lengthMs), 0),
    ...(response && { response }),
  };
}

/** The most frequent ones first. */
function byFrequency(statuses: Account['statuses']) {
  return Object.entries(statuses).sort(([, some = 0], [, others = 0]) => others - some);
}

/** A server may give each answer a status of its own. */
const STATUS_LIMIT = 50;

function mostFrequent(statuses: Account['statuses']): Account['statuses'] {
  const all = byFrequency(statuses);
  const others = all.slice(STATUS_LIMIT).reduce((sum, [, number = 0]) => sum + number, 0);
  return { ...Object.fromEntries(all.slice(0, STATUS_LIMIT)), ...(others > 0 && { others }) };
}

/** A result holds this many outages of a run, however long that took; the recording has every request. */
const OUTAGE_LIMIT = 500;

/** Those with the most drops, in the order of time. */
function worstOutages(outages: readonly Outage[]): readonly Outage[] {
  if (outages.length <= OUTAGE_LIMIT) return outages;
  return outages
    .toSorted((a, b) => b.dropped - a.dropped || b.lengthMs - a.lengthMs)
    .slice(0, OUTAGE_LIMIT)
    .sort((a, b) => a.fromMs - b.fromMs);
}

/** Guards that did not hold, as findings. Where the run was cut short they are consequences and not further reasons. */
export function guardFindings(
  outcomes: readonly GuardOutcome[],
  cutShort: readonly Finding[],
): readonly Finding[] {
  return outcomes.flatMap(({ reason }): readonly Finding[] =>
    reason && cutShort.length === 0 ? [{ verdict: 'inconclusive', reason }] : [],
  );
}

/** The worst of the findings, and what is worth telling with it. No finding at all is a pass. */
export function conclude(findings: readonly Finding[]): {
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
} {
  const isBug = findings.some(({ reason }) => reason.code === 'bug');
  const verdict = isBug ? 'error' : worstVerdict(['pass', ...findings.map((finding) => finding.verdict)]);
  const told = findings.filter(
    (finding) => finding.verdict === verdict || (!isBug && finding.verdict === 'rollout-failed'),
  );
  return { verdict, reasons: told.map(({ reason }) => reason) };
}

/** Laws of accounting that are broken: one is enough to distrust everything. */
export function accountingFindings(facts: RunFacts, accounts: readonly Account[]): readonly Finding[] {
  const violations = [
    ...accounts.flatMap((account) => account.violations),
    ...strayRequests(facts),
    ...disorder(facts),
  ];
  const [first] = violations;
  if (first === undefined) return [];
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  return [
    {
      verdict: 'error',
      reason: {
        code: 'bug',
        text: `The account of the requests does not add up: ${first}${more}.`,
        remedy: 'This is a bug in Rollproof. Please report it with the recording.',
      },
    },
  ];
}

/** Requests that no account holds would be dropped unseen. */
function strayRequests({ streams, probes }: RunFacts): readonly string[] {
  const roles = streams.map(({ role }) => role);
  const twice = (['target', 'steady'] as const).filter(
    (role) => roles.indexOf(role) < roles.lastIndexOf(role),
  );
  const known = new Set(streams.map(({ id }) => id));
  const unknown = [...probes.keys()].filter((id) => !known.has(id));
  return [
    ...twice.map((role) => `there are several ${role} streams`),
    ...unknown.map((id) => `the header names no stream ${id}`),
  ];
}

/** Marks in an order in which nothing can have happened. What guards look at lies between them. */
function disorder({
  probingStartedMs,
  cuts: { triggeredMs },
  probingStoppedMs,
}: RunFacts): readonly string[] {
  const inOrder = [probingStartedMs, triggeredMs, probingStoppedMs].filter((ms) => ms !== undefined);
  return inOrder.every((ms, index) => ms >= (inOrder[index - 1] ?? ms))
    ? []
    : ['probing started, the update was triggered and probing stopped in another order'];
}

/** How a recording ended before its time; none where it ended in a way that only a rollout knows, or well. */
export function cutShortFindings({ end }: RunFacts): readonly Finding[] {
  if (!end) {
    return unfinished(
      end,
      'recording-truncated',
      'The recording breaks off: whatever happened after its last line is not known.',
      'Run again, and see that nothing ends the process early.',
    );
  }
  switch (end.reason) {
    case 'prober-lost':
      return unfinished(
        end,
        'prober-lost',
        'The prober ended or fell silent before the run was over.',
        'Run again on a machine with more room.',
      );
    case 'cancelled':
      return unfinished(end, 'cancelled', 'The run was cancelled.', 'Run it again.');
    case 'failed':
      return [
        {
          verdict: 'error',
          reason: {
            code: 'run-failed',
            text: withDetail('The run could not be carried through.', end.detail),
            remedy: 'Look at the log above and at the logs of the cluster in the report folder.',
          },
        },
      ];
    case 'finished':
    case 'workload-unavailable':
    case 'baseline-failing':
      return [];
  }
}

/** An end that leaves no verdict, with what the recording says about it. */
export function unfinished(
  end: RunFacts['end'],
  code: string,
  text: string,
  remedy: string,
): readonly Finding[] {
  return [
    {
      verdict: 'inconclusive',
      reason: { code, text: withSignal(text, end?.detail), remedy },
    },
  ];
}

function withSignal(text: string, detail: string | undefined): string {
  const [, signal] = /^cancelled by (\S+)$/.exec(detail ?? '') ?? [];
  return signal === undefined ? withDetail(text, detail) : text.replace(/\.$/, ` (${signal}).`);
}

/** `8 refused, 85 connect-timeout`; of statuses also which they were: `40 status 503 and 502`. */
export function told({ drops, statuses }: Pick<Account, 'drops' | 'statuses'>): string {
  const which = byFrequency(statuses);
  return Object.entries(drops)
    .map(([name, number]) => `${count(number)} ${name}${name === 'status' ? ` ${listed(which)}` : ''}`)
    .join(', ');
}

const FEW = 3;

/** `503`, `503 and 502`, `503, 502, 500 and others`: the most frequent ones. */
function listed(statuses: readonly (readonly [status: string, count: number | undefined])[]): string {
  const names = statuses.slice(0, FEW).map(([status]) => status);
  const last = statuses.length > FEW ? 'others' : names.pop();
  return names.length === 0 ? `${last}` : `${names.join(', ')} and ${last}`;
}

/** Of nothing. */
export const NO_REQUESTS: RequestCounts = countRequests([]);

/** Of a run that ended before there was anything to probe. */
export const NO_STREAM: Stream = {
  id: 'target',
  role: 'target',
  url: '',
  address: '',
  port: 0,
  intervalMs: 0,
  expect: { statusFrom: 200, statusTo: 299 },
};
