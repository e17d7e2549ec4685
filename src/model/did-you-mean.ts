/** The candidate that is probably meant by a misspelt word; undefined where none is near. */
export function didYouMean<T extends string>(word: string, candidates: readonly T[]): T | undefined {
  const plain = normalized(word);
  let nearest: { readonly candidate: T; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(plain, normalized(candidate));
    if (distance < (nearest?.distance ?? Math.max(2, Math.ceil(candidate.length / 3)))) {
      nearest = { candidate, distance };
    }
  }
  return nearest?.candidate;
}

/** `node_image`, `nodeImage` and `node-image` are one word; no name of ours is longer than the cut. */
function normalized(word: string): string {
  return word.slice(0, 64).toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const gap = Math.min(previous[j] ?? 0, current[j - 1] ?? 0) + 1;
      const swap =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (beforePrevious[j - 2] ?? 0) + 1 : Infinity;
      current.push(Math.min(substitution, gap, swap));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
