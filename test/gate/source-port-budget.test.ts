import { describe, expect, it } from 'vitest';
import { OWNED_PORTS, portsAfter } from '../../src/gate/source-port-budget.ts';

const { first, last } = OWNED_PORTS;
const request = { kind: 'probe', stream: 'target', seq: 0, scheduledMs: 0 } as const;
const nextAfter = (different: object) => portsAfter(OWNED_PORTS, { ...request, ...different }).next;

describe('the source ports of the next run', () => {
  it('begin behind the one that was used last, also where the prober is lost', () => {
    expect(nextAfter({ localPort: first + 500 })).toBe(first + 501);
    expect(nextAfter({ localPort: last })).toBe(first);
  });

  it('stay where they are after a request that used no new one', () => {
    expect(nextAfter({})).toBe(first);
    expect(nextAfter({ localPort: first + 500, reused: true })).toBe(first);
  });
});
