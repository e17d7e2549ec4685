import { describe, expect, it } from 'vitest';
import { measuredHow } from '../../src/report/how-measured.ts';
import { aResult } from '../support/a-result.ts';

describe('how a scenario was measured', () => {
  it.each([
    [{ protocol: 'http', connection: 'new' }, 'node port, a new connection each'],
    [{ protocol: 'http', connection: 'keep-alive' }, 'node port, 10 kept-alive connections'],
    [{ protocol: 'grpc', connection: 'keep-alive' }, 'node port, grpc, 10 kept-alive connections'],
    [{ protocol: 'udp', connection: 'keep-alive' }, 'node port, udp, 10 kept source ports'],
    [{ protocol: 'udp', connection: 'new' }, 'node port, udp, a new source port each'],
  ] as const)('says what was spoken: %o', (scenario, expected) => {
    const [row] = aResult([{ scenario }]).result.scenarios;
    expect(row && measuredHow(row).join(' ')).toContain(expected);
  });
});
