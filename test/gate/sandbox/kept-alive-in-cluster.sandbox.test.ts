import { describe, expect, it } from 'vitest';
import { gateOnSandbox, HOOK } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('the whole gate on the sandbox', () => {
  it('is green from inside the cluster over kept-alive connections that are drained', async () => {
    const program = {
      args: ['--on-sigterm=drain', '--keep-alive=60000'],
      ...HOOK,
    };
    const { row } = await gate({
      container: program,
      scenario: { vantage: 'pod', target: 'cluster-ip' },
    });
    expect(row.requests.sent).toBeGreaterThan(500);
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('pass');
  });
});
