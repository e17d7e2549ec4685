import { markdownTable } from 'markdown-table';

/** Prints a table with a row for each tool. */
export function table<T>(
  title: string,
  head: readonly string[],
  runs: ReadonlyMap<string, readonly T[]>,
  cells: (runs: readonly T[]) => readonly string[],
): void {
  const rows = [...runs].map(([name, some]) => [name, ...cells(some)]);
  const align = head.map((_, column) => (column === 0 ? 'l' : 'r'));
  console.log(`\n### ${title}\n\n${markdownTable([[...head], ...rows], { align })}`);
}

/** Median, and the least and the most in brackets where they differ. */
export function spread(figures: readonly number[], unit = ''): string {
  const sorted = figures.toSorted((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map(
    (figure) => (figure === Number.POSITIVE_INFINITY ? '–' : round(figure ?? Number.NaN)),
  );
  return least === most ? `${median}${unit}` : `${median}${unit} [${least}–${most}]`;
}

/** Three digits, as tables show them. */
export function round(figure: number): number {
  return Number(figure >= 100 ? figure.toFixed(0) : figure >= 10 ? figure.toFixed(1) : figure.toFixed(2));
}
