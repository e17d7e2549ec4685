interface Sent {
  readonly sentMs: number;
}

/** Index of the first that was sent at an instant or later, of requests in the order of sending. */
export function firstFrom(sent: readonly Sent[], fromMs: number): number {
  return firstOf(sent, ({ sentMs }) => sentMs >= fromMs);
}

/** The same of the first that was sent after the instant: as many were sent up to it. */
export function firstAfter(sent: readonly Sent[], atMs: number): number {
  return firstOf(sent, ({ sentMs }) => sentMs > atMs);
}

/** `isPast` holds for none, all, or all from one on. */
function firstOf(sent: readonly Sent[], isPast: (one: Sent) => boolean): number {
  let low = 0;
  let high = sent.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = sent[middle];
    if (one && isPast(one)) high = middle;
    else low = middle + 1;
  }
  return low;
}
