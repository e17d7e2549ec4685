import { stringify } from 'csv-stringify/sync';
import type { RecordingEntry } from '../model/recording.ts';
import { SANDBOX_NOTICE } from '../model/sandbox-notice.ts';
import { type RunFacts, runFacts } from '../verdict/run-facts.ts';
import { startedAtMs, targetSamples } from '../verdict/target-samples.ts';

/** Stands for the response time of a request that was dropped. */
const DROPPED_SECONDS = -0.01;

/**
 * `check.csv`: one line per request of the target that was judged, in the order of sending.
 *  - `send_time`: when it was sent, Unix time in seconds
 *  - `response_time`: from sending to the complete answer in seconds, or -0.01 where it was dropped
 * On the sandbox the first line of both files is a comment that says so.
 */
export function renderCheckCsv(entries: readonly RecordingEntry[]): string {
  const { facts, samples } = targetSamples(entries);
  const zeroMs = startedAtMs(facts);
  const rows = samples
    .flatMap(({ sentMs, endedMs, end }) =>
      sentMs !== undefined && endedMs !== undefined && (end.end === 'ok' || end.end === 'dropped')
        ? [{ sentMs, responseSeconds: end.end === 'ok' ? (endedMs - sentMs) / 1000 : DROPPED_SECONDS }]
        : [],
    )
    .sort((a, b) => a.sentMs - b.sentMs)
    .map(({ sentMs, responseSeconds }) => [seconds(zeroMs + sentMs), responseSeconds.toFixed(6)]);
  return notice(facts) + stringify([['send_time', 'response_time'], ...rows]);
}

/**
 * `update.csv`: one line with `start_time` and `end_time` of the rolling update, Unix time in seconds: from the
 * trigger to the instant at which the Deployment reported completion, or the observation ended. No line where the
 * update was never triggered.
 */
export function renderUpdateCsv(entries: readonly RecordingEntry[]): string {
  const facts = runFacts(entries);
  const zeroMs = startedAtMs(facts);
  const fromMs = facts?.cuts.triggeredMs;
  const toMs = facts?.cuts.completeMs ?? facts?.rolloutEnd?.atMs;
  const rows =
    fromMs === undefined || toMs === undefined ? [] : [[seconds(zeroMs + fromMs), seconds(zeroMs + toMs)]];
  return notice(facts) + stringify([['start_time', 'end_time'], ...rows]);
}

function seconds(unixMs: number): string {
  return (unixMs / 1000).toFixed(6);
}

function notice(facts: RunFacts | undefined): string {
  return facts?.header.environment.cluster === 'sandbox' ? `# ${SANDBOX_NOTICE}\n` : '';
}
