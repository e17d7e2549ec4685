/** Renders a report that is at most about this long, leaving detail out in a fixed order. */
export type Render = (maxCharacters: number) => string;

/** Below this nothing useful can be said. */
const SMALLEST_BUDGET = 500;

/**
 * Renders with half the budget again and again until the text measures at most `limit` in the target's own unit;
 * undefined where even the shortest text does not.
 */
export function fitToBudget(
  render: Render,
  limit: number,
  measure: (text: string) => number,
): string | undefined {
  for (let budget = limit; budget >= SMALLEST_BUDGET; budget = Math.floor(budget / 2)) {
    const text = render(budget);
    if (measure(text) <= limit) return text;
  }
  return undefined;
}
