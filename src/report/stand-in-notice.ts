import { SANDBOX_NOTICE } from '../model/sandbox-notice.ts';
import type { GateResult } from '../model/verdict.ts';

/** What a report says before anything else where it was not made on a real cluster; one line, or none. */
export function standInNotice({ scenarios }: GateResult): readonly string[] {
  return scenarios.some(({ environment }) => environment?.cluster === 'sandbox') ? [SANDBOX_NOTICE] : [];
}
