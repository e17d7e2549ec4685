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
  samples: readonly Pick<Sample, 'sentMs' | 'end'>[],
  probingStoppedMs: number,
  answersThatEnd = ANSWERS_THAT_END,
): readonly Outage[] {
  const sent = samples
    .flatMap(({ sentMs, end }) =>
      sentMs !== undefined && (end.end === 'ok' || end.end === 'dropped') ? [{ sentMs, end }] : [],
    )
    .sort((a, b) => a.sentMs - b.sentMs);

  const outages: Outage[] = [];
  let open: OpenOutage | undefined;
  for (const { sentMs, end } of sent) {
    if (end.end === 'dropped') {
      open ??= new OpenOutage(sentMs);
      open.drop(sentMs, end.class);
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

class OpenOutage {
  readonly #fromMs: number;
  #lastDropMs: number;
  #firstAnswerMs: number | undefined;
  #dropped = 0;
  #answered = 0;
  readonly #classes: Partial<Record<DropClass, number>> = {};
  /** Answers since the last drop. */
  answersSince = 0;

  constructor(fromMs: number) {
    this.#fromMs = fromMs;
    this.#lastDropMs = fromMs;
  }

  drop(sentMs: number, dropClass: DropClass): void {
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
      dropped: this.#dropped,
      answered: this.#answered,
      classes: this.#classes,
    };
  }
}
