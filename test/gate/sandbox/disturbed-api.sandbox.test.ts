import { describe, expect, it } from 'vitest';
import { gateOnSandbox, HOOK } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('the whole gate on a sandbox with faults', () => {
  it('is green for a good one, asked inside the cluster, although watches lose events and the API server is away for a while', async () => {
    const { row } = await gate({
      container: HOOK,
      scenario: { vantage: 'pod', target: 'cluster-ip' },
      fault(sandbox) {
        sandbox.disturbWatches({ kind: 'drop', probability: 0.3 });
        sandbox.clock.after(500, sandbox.apiOutage());
      },
    });
    expect(row.requests.sent).toBeGreaterThan(400);
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('pass');
  });
});
