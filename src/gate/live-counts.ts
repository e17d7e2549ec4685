import type { Probe, Stream } from '../model/recording.ts';
import type { Expectation } from '../model/scenario.ts';
import { classify, type ProbeCircumstances } from '../verdict/classify.ts';

/** Requests of one stream so far, for people who watch and for the decision whether the baseline is clean. */
export interface StreamCounts {
  ok: number;
  dropped: number;
  other: number;
  /** Answered requests since the last one that was not. */
  okInARow: number;
  /** Every request before this one has ended. */
  settled: number;
}

/** What the rest of a recording would tell is not known yet. */
const AT_FIRST_SIGHT: ProbeCircumstances = {
  staleSourcePort: false,
  proberSlept: false,
  packetsLost: false,
  mayCarry: 'either',
};

const NONE: Readonly<StreamCounts> = { ok: 0, dropped: 0, other: 0, okInARow: 0, settled: 0 };

/** Counts probes per stream as they arrive. The verdict does not rest on it. */
export class LiveCounts {
  readonly #expectations: ReadonlyMap<string, Expectation>;
  readonly #streams = new Map<string, StreamCounts>();
  /** Requests that ended before an earlier one did, by stream. */
  readonly #ahead = new Map<string, Set<number>>();

  constructor(streams: readonly Stream[]) {
    this.#expectations = new Map(streams.map(({ id, expect }) => [id, expect]));
  }

  add(probe: Probe): void {
    const expectation = this.#expectations.get(probe.stream);
    if (!expectation) return;
    const counts = this.#streams.get(probe.stream) ?? { ...NONE };
    const ahead = this.#ahead.get(probe.stream) ?? new Set();
    const { end } = classify(probe, expectation, AT_FIRST_SIGHT);
    if (end === 'ok') counts.ok++;
    else if (end === 'dropped') counts.dropped++;
    else counts.other++;
    counts.okInARow = end === 'ok' ? counts.okInARow + 1 : 0;
    ahead.add(probe.seq);
    while (ahead.delete(counts.settled)) counts.settled++;
    this.#ahead.set(probe.stream, ahead);
    this.#streams.set(probe.stream, counts);
  }

  of(stream: string): Readonly<StreamCounts> {
    return this.#streams.get(stream) ?? NONE;
  }
}
