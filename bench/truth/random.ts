/** Numbers in [0, 1) that are the same for the same seed, on every machine (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many different whole numbers below `limit`, in ascending order. */
export function pickDifferent(count: number, limit: number, random: () => number): readonly number[] {
  if (count > limit) throw new RangeError(`there are no ${count} different numbers below ${limit}`);
  const picked = new Set<number>();
  while (picked.size < count) picked.add(Math.floor(random() * limit));
  return [...picked].sort((a, b) => a - b);
}

/** The same items in an order of chance. */
export function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other] as T, mixed[last] as T];
  }
  return mixed;
}
