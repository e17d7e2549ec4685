import type { RecordingEntry } from '../model/recording.ts';
import { type Account, accountFor, type Sample } from './account.ts';
import { type RunFacts, runFacts } from './run-facts.ts';

/** Every request to the workload with its one end, for reports that show each of them. */
export interface TargetSamples {
  readonly facts: RunFacts | undefined;
  /** Undefined where the run ended before there was anything to probe. */
  readonly account: Account | undefined;
  /** Those of the account, in the order of the schedule. */
  readonly samples: readonly Sample[];
}

/** The requests of a recording, judged as `judgeRun` judges them. */
export function targetSamples(entries: readonly RecordingEntry[]): TargetSamples {
  const facts = runFacts(entries);
  const stream = facts?.streams.find(({ role }) => role === 'target');
  const account = facts && stream && accountFor(facts, stream);
  return { facts, account, samples: account?.samples ?? [] };
}

/** Unix time of the recording's instant 0, in milliseconds; 0 where the recording does not say. */
export function startedAtMs(facts: RunFacts | undefined): number {
  const ms = Date.parse(facts?.header.startedAt ?? '');
  return Number.isFinite(ms) ? ms : 0;
}
