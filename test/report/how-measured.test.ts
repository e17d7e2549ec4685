import { describe, expect, it } from 'vitest';
import { measuredFigures, measuredHow } from '../../src/report/how-measured.ts';
import { aResult } from '../support/a-result.ts';

describe('how a scenario was measured', () => {
  it.each([
    [{ protocol: 'http', connection: 'new' }, 'node port, a new connection each'],
    [{ pacing: 'precise' }, 'requests/s, open loop with precise pacing, from'],
    [{ pacing: 'economy' }, 'requests/s, open loop, from'],
    [{ protocol: 'http', connection: 'keep-alive' }, 'node port, 10 kept-alive connections'],
    [
      { protocol: 'https', connection: 'new' },
      'node port, https (certificate not verified), a new connection each',
    ],
    [
      { protocol: 'http', connection: 'idle-reuse', idleMs: 5_000 },
      'node port, up to 10 kept-alive connections, each resting 5.00 s between requests',
    ],
    [
      { protocol: 'http', connection: 'slow', slow: { durationMs: 3_000 } },
      'node port, a new connection each, answers asked to take 3.00 s',
    ],
    [{ protocol: 'grpc', connection: 'keep-alive' }, 'node port, grpc, 10 kept-alive connections'],
    [{ protocol: 'udp', connection: 'keep-alive' }, 'node port, udp, 10 kept source ports'],
    [{ protocol: 'udp', connection: 'new' }, 'node port, udp, a new source port each'],
  ] as const)('says what was spoken: %o', (scenario, expected) => {
    const [row] = aResult([{ scenario }]).result.scenarios;
    expect(row && measuredHow(row).join(' ')).toContain(expected);
  });

  it('promises nothing of an outage where no request was sent', () => {
    const run = aResult([{ scenario: {} }]).result.scenarios[0]?.runs[0];
    if (!run) throw new Error('there is a run');
    const told = (sent: number) => {
      const seen = { ...run, detectionFloorMs: 8_220, requests: { ...run.requests, sent } };
      return measuredFigures([seen]).join(' ');
    };
    expect(told(100)).toContain('smallest outage that would have been seen: 8.22 s');
    expect(told(0)).not.toContain('smallest outage');
  });
});
