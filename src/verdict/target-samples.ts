import type { RecordingEntry } from '../model/recording.ts';
import { accountFor, type Sample } from './account.ts';
import { type RunFacts, runFacts } from './run-facts.ts';

/** Every request to the workload with its one end, for reports that show each of them. */
export interface TargetSamples {
  readonly facts: RunFacts | undefined;
  /** In the order of the schedule. Empty where the run ended before there was anything to probe. */
  readonly samples: readonly Sample[];
  /** Unix time of the recording's instant 0, in milliseconds. */
  readonly startedAtMs: number;
}

/** The requests of a recording, judged as `judgeRun` judges them. */
export function targetSamples(entries: readonly RecordingEntry[]): TargetSamples {
  const facts = runFacts(entries);
  const stream = facts?.streams.find(({ role }) => role === 'target');
  const startedAtMs = Date.parse(facts?.header.startedAt ?? '');
  return {
    facts,
    samples: facts && stream ? accountFor(facts, stream).samples : [],
    startedAtMs: Number.isFinite(startedAtMs) ? startedAtMs : 0,
  };
}
