import { describe, expect, it } from 'vitest';
import { renderConsole } from '../../../src/report/console-table.ts';
import { gateOnSandbox, HOOK } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('runs with other manifests, on the sandbox', () => {
  it('show by a bad twin that drops nothing, either, that a green one says little', async () => {
    const { row, result } = await gate({
      container: { ...HOOK, args: ['--on-sigterm=linger:800'] },
      // Time for the hundred requests that a pass needs during the update, also of the twin.
      deployment: { minReadySeconds: 1 },
      planned: { sensitivity: true },
      options: { proxy: { propagationMs: 1, syncMs: 1, minSyncPeriodMs: 1 } },
    });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('pass');
    expect(row.sensitivity, JSON.stringify(row.trials)).toMatchObject({ state: 'not-shown', dropped: 0 });
    expect(renderConsole(result, { colours: false })).toContain(
      'This setup could not have shown a drop here',
    );
  });
});
