/** The numbers that an update leads from and to. */
export interface SequenceNumbers {
  readonly from: number;
  readonly to: number;
}

/**
 * The numbers of a run: 1 → 2 in the first, 3 → 4 in the second. None is used twice, so that no answer of an earlier run
 * can be taken for one of this.
 */
export function sequenceOfRun(run: number): SequenceNumbers {
  return { from: 2 * run - 1, to: 2 * run };
}
