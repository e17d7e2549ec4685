/** The least of any number of figures; Infinity where there is none. Arguments of a call are limited, arrays are not. */
export function least(figures: readonly number[]): number {
  return figures.reduce((so, figure) => Math.min(so, figure), Number.POSITIVE_INFINITY);
}

/** The most of any number of figures; -Infinity where there is none. */
export function most(figures: readonly number[]): number {
  return figures.reduce((so, figure) => Math.max(so, figure), Number.NEGATIVE_INFINITY);
}
