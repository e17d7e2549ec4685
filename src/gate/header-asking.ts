import type { Slow } from '../model/scenario.ts';
import type { StreamSpec } from '../prober/protocol.ts';

/** The header that asks for a duration, where one does. */
export function headerAsking(slow: Slow | undefined): Pick<StreamSpec, 'header'> {
  if (slow?.header === undefined) return {};
  return { header: { name: slow.header, value: String(slow.durationMs) } };
}
