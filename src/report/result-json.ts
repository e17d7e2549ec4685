import type { GateResult } from '../model/verdict.ts';
import { standInNotice } from './stand-in-notice.ts';

/** `result.json`: the whole result, as schema/result.schema.json describes it. */
export function renderJson(result: GateResult): string {
  // Instants are measured in microseconds; further digits are noise of the arithmetic.
  const rounded = (_key: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 1000) / 1000 : value;
  const [notice] = standInNotice(result);
  return `${JSON.stringify(notice === undefined ? result : { notice, ...result }, rounded, 2)}\n`;
}
