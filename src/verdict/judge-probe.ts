import { plural } from '../model/counted.ts';
import type { DropClass, RunResult } from '../model/verdict.ts';
import { type Account, accountFor } from './account.ts';
import { detect, detectionFloor } from './detection.ts';
import { probeGuards } from './guards.ts';
import { closedWhileIdle } from './near-misses.ts';
import type { Finding } from './rollout-finding.ts';
import type { RunFacts } from './run-facts.ts';
import {
  accountingFindings,
  conclude,
  cutShortFindings,
  guardFindings,
  measuredResult,
  NO_REQUESTS,
  NO_STREAM,
  told,
} from './run-outcome.ts';

/**
 * Judges the recording of a URL that was probed: every drop in it counts, from the first request to the last, and
 * there is no control and no cluster that could excuse one.
 */
export function judgeProbe(facts: RunFacts): RunResult {
  const target = accountFor(facts, facts.streams.find(({ role }) => role === 'target') ?? NO_STREAM);
  const outcomes = probeGuards({ facts, target });
  const cutShort = cutShortFindings(facts);
  const { verdict, reasons } = conclude([
    ...accountingFindings(facts, [target]),
    ...dropFindings(target, facts),
    ...cutShort,
    ...guardFindings(outcomes, cutShort),
  ]);
  return {
    run: facts.header.run,
    verdict,
    reasons,
    guards: outcomes.map(({ guard }) => guard),
    ...measuredResult(facts, target),
    ...(facts.probingStartedMs === undefined ? {} : detectionOf(facts, target, facts.probingStartedMs)),
    served: { old: 0, new: 0, how: 'inferred' },
    steady: NO_REQUESTS,
    rollout: { replacedPods: 0 },
    findings: [],
    nearMisses: closedWhileIdle(facts, target),
    staticFindings: [],
    pods: [],
  };
}

function detectionOf({ probingStoppedMs }: RunFacts, { samples }: Account, fromMs: number) {
  return {
    largestGapMs: detect(samples, fromMs, probingStoppedMs).largestGapMs,
    detectionFloorMs: detectionFloor(samples, fromMs, probingStoppedMs),
  };
}

function dropFindings(account: Account, facts: RunFacts): readonly Finding[] {
  const { counts } = account;
  if (counts.dropped === 0) return [];
  return [
    {
      verdict: 'dropped',
      reason: {
        code: 'dropped',
        text: `${plural(counts.dropped, 'request was', 'requests were')} dropped (${told(account)}).`,
        remedy:
          counts.ok === 0
            ? `Nothing was ever answered as expected: look at ${suspects(account, facts)} first.`
            : 'Look at the plot and the outages: when it was, how long, and what a client saw.',
      },
    },
  ];
}

/** What cannot be read as the protocol that is spoken. */
const OTHER_LANGUAGE: readonly DropClass[] = ['tls-failed', 'malformed'];

/** What most likely is wrong where nothing was ever answered as expected. */
function suspects({ drops }: Account, { streams }: RunFacts): string {
  if (!OTHER_LANGUAGE.some((name) => drops[name])) return 'the address, the path and the expected status';
  const scheme = streams.find(({ role }) => role === 'target')?.url.split('://', 1)[0];
  return `the scheme${scheme ? ` (${scheme}://)` : ''}, that is whether this port speaks that protocol,`;
}
