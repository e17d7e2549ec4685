import type { DropClass, Outage } from '../model/verdict.ts';
import type { Sample } from './account.ts';

/**
 * So many answers in a row end an outage. Fewer lie within it: while one of several endpoints is dead, most requests
 * are answered, and the outage is one and not many.
 */
export const ANSWERS_THAT_END = 10;

/**
 * Folds the requests of one stream into stretches in which requests were dropped, ordered and disjoint.
 * Requests are looked at in the order in which they were sent; those that were not judged say nothing.
 *
 *     answered . dropped x                     (ANSWERS_THAT_END = 3 in this drawing)
 *
 *     . . x x x . . . .      one full outage:    3 dropped, 0 answered within
 *         └─────┘            from the first drop to the first answer after the last drop
 *     . . x . x . . x . . . .   one partial outage: 3 dropped, 3 answered within
 *         └─────────────┘
 *     . . x . . . x . . .    two outages: three answers lie between the drops
 *         └─┘     └─┘
 */
export function foldOutages(
  samples: readonly Pick<Sample, 'sentMs' | 'endedMs' | 'end'>[],
  probingStoppedMs: number,
  answersThatEnd = ANSWERS_THAT_END,
): readonly Outage[] {
  const sent = samples
    .flatMap(({ sentMs, endedMs = Number.POSITIVE_INFINITY, end }) =>
      sentMs !== undefined && (end.end === 'ok' || end.end === 'dropped') ? [{ sentMs, endedMs, end }] : [],
    )
    .sort((a, b) => a.sentMs - b.sentMs);
  const answers = new Answers(
    sent.filter(({ end }) => end.end === 'ok'),
    probingStoppedMs,
  );

  const outages: Outage[] = [];
  let open: OpenOutage | undefined;
  for (const { sentMs, endedMs, end } of sent) {
    if (end.end === 'dropped') {
      open ??= new OpenOutage(sentMs, answers);
      open.drop(sentMs, endedMs, end.class);
    } else if (open) {
      open.answer(sentMs);
      if (open.answersSince >= answersThatEnd) {
        outages.push(open.closed(sentMs));
        open = undefined;
      }
    }
  }
  if (open) outages.push(open.closed(probingStoppedMs));
  return outages;
}

/**
 * What answered requests say about how long an outage can have been. A request meets the workload at some instant
 * between its sending and its end, so that no outage contained the whole of an answered one, and every outage
 * contained some instant of each that it dropped:
 *
 *     answered    |--|    |--|                       |--|
 *     dropped              |-|   |-|   |------|
 *     at least                 [---)                      end of the first to the sending of the last
 *     at most             [----------------------------)  sending of an answered one to the end of the next
 */
class Answers {
  readonly #sentMs: readonly number[];
  /** The earliest end of those that were sent at this place or later. */
  readonly #soonestMs: readonly number[];

  constructor(
    inOrder: readonly { readonly sentMs: number; readonly endedMs: number }[],
    probingStoppedMs: number,
  ) {
    const soonestMs: number[] = [];
    let endMs = probingStoppedMs;
    for (const { endedMs } of inOrder.toReversed()) {
      endMs = Math.min(endMs, endedMs);
      soonestMs.push(endMs);
    }
    this.#sentMs = inOrder.map(({ sentMs }) => sentMs);
    this.#soonestMs = [...soonestMs.reverse(), probingStoppedMs];
  }

  /** The longest outage that can have dropped requests of which the first ended and the last was sent at these instants. */
  longestOutageMs(firstEndMs: number, lastDropMs: number): number {
    // The first answer that ends after the last drop was sent: ends of the soonest only grow.
    let place = this.#firstEndingAfter(lastDropMs);
    let longestMs = 0;
    for (; place <= this.#sentMs.length; place++) {
      const beginMs = this.#sentMs[place - 1] ?? 0;
      if (beginMs >= firstEndMs) break;
      longestMs = Math.max(longestMs, (this.#soonestMs[place] ?? 0) - beginMs);
    }
    return longestMs;
  }

  #firstEndingAfter(instantMs: number): number {
    let low = 0;
    let high = this.#soonestMs.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#soonestMs[middle] ?? 0) > instantMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

class OpenOutage {
  readonly #answers: Answers;
  readonly #fromMs: number;
  #firstEndMs = Number.POSITIVE_INFINITY;
  #lastDropMs: number;
  #firstAnswerMs: number | undefined;
  #dropped = 0;
  #answered = 0;
  readonly #classes: Partial<Record<DropClass, number>> = {};
  /** Answers since the last drop. */
  answersSince = 0;

  constructor(fromMs: number, answers: Answers) {
    this.#answers = answers;
    this.#fromMs = fromMs;
    this.#lastDropMs = fromMs;
  }

  drop(sentMs: number, endedMs: number, dropClass: DropClass): void {
    this.#firstEndMs = Math.min(this.#firstEndMs, endedMs);
    this.#answered += this.answersSince;
    this.answersSince = 0;
    this.#firstAnswerMs = undefined;
    this.#lastDropMs = sentMs;
    this.#dropped++;
    this.#classes[dropClass] = (this.#classes[dropClass] ?? 0) + 1;
  }

  answer(sentMs: number): void {
    this.#firstAnswerMs ??= sentMs;
    this.answersSince++;
  }

  /** `endMs` stands in where no answer followed. */
  closed(endMs: number): Outage {
    const toMs = this.#firstAnswerMs ?? Math.max(endMs, this.#lastDropMs);
    return {
      fromMs: this.#fromMs,
      lastDropMs: this.#lastDropMs,
      toMs,
      lengthMs: toMs - this.#fromMs,
      // Of an outage that some requests got through, answers say nothing.
      ...(this.#answered === 0 ? { bounds: this.#bounds() } : {}),
      dropped: this.#dropped,
      answered: this.#answered,
      classes: this.#classes,
    };
  }

  #bounds(): NonNullable<Outage['bounds']> {
    return {
      atLeastMs: Math.max(0, this.#lastDropMs - this.#firstEndMs),
      atMostMs: this.#answers.longestOutageMs(this.#firstEndMs, this.#lastDropMs),
    };
  }
}
