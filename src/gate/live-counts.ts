import type { Probe, Stream } from '../model/recording.ts';
import type { Expectation } from '../model/scenario.ts';
import { classify } from '../verdict/classify.ts';

/** Requests of one stream so far, for people who watch and for the decision whether the baseline is clean. */
export interface StreamCounts {
  ok: number;
  dropped: number;
  other: number;
  /** Answered requests since the last one that was not. */
  okInARow: number;
}

/** What the rest of a recording would tell is not known yet. */
const AT_FIRST_SIGHT = { staleSourcePort: false, proberSlept: false };

/** Counts probes per stream as they arrive. The verdict does not rest on it. */
export class LiveCounts {
  readonly #expectations: ReadonlyMap<string, Expectation>;
  readonly #streams = new Map<string, StreamCounts>();

  constructor(streams: readonly Stream[]) {
    this.#expectations = new Map(streams.map(({ id, expect }) => [id, expect]));
  }

  add(probe: Probe): void {
    const expectation = this.#expectations.get(probe.stream);
    if (!expectation) return;
    const counts = this.of(probe.stream);
    const { end } = classify(probe, expectation, AT_FIRST_SIGHT);
    if (end === 'ok') counts.ok++;
    else if (end === 'dropped') counts.dropped++;
    else counts.other++;
    counts.okInARow = end === 'ok' ? counts.okInARow + 1 : 0;
    this.#streams.set(probe.stream, counts);
  }

  of(stream: string): StreamCounts {
    return this.#streams.get(stream) ?? { ok: 0, dropped: 0, other: 0, okInARow: 0 };
  }
}
