/**
 * How many examples a property is tried with: enough to find a slip while one waits for it, and as many times more as
 * ROLLPROOF_PROPERTY_FACTOR says where there is time (the project's own CI).
 */
export function propertyRuns(count: number): { readonly numRuns: number } {
  return { numRuns: Math.round(count * Number(process.env.ROLLPROOF_PROPERTY_FACTOR ?? 1)) };
}
