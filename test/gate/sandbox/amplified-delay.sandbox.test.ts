import { describe, expect, it } from 'vitest';
import { renderConsole } from '../../../src/report/console-table.ts';
import { gateOnSandbox } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('the whole gate on a sandbox whose nodes learn late', () => {
  it('tell how much of an amplified delay is survived, and that it was amplified', async () => {
    const { row, result } = await gate({
      container: { lifecycle: { preStop: { sleep: { seconds: 4 } } } },
      cluster: { amplify: { propagationDelayMs: 3_000 } },
    });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('pass');
    expect(row.runs[0]?.sentToEndingMs).toBeGreaterThan(1_000);
    expect(row.environment).toHaveProperty('amplified', { propagationDelayMs: 3_000 });
    const text = renderConsole(result, { colours: false });
    expect(text).toMatch(/Survives [\d.]+ s of propagation delay/);
    expect(text).toContain('amplified: nodes follow changes of endpoints at most every 3.00 s');
  });
});
