import { describe, expect, it } from 'vitest';
import type { Probe, ProbePhase } from '../../src/model/recording.ts';
import type { Expectation } from '../../src/model/scenario.ts';
import { classify, type ProbeCircumstances } from '../../src/verdict/classify.ts';

const EXPECT: Expectation = { statusFrom: 200, statusTo: 299 };
const AWAKE: ProbeCircumstances = {
  staleSourcePort: false,
  proberSlept: false,
  packetsLost: false,
  mayCarry: 'either',
};
const sent = { kind: 'probe', stream: 'target', seq: 0, scheduledMs: 0, sentMs: 0, endedMs: 1 } as const;
const failed = (phase: ProbePhase, code: string, prober?: boolean): Probe => ({
  ...sent,
  failure: { phase, code, ...(prober === undefined ? {} : { prober }) },
});
const endOf = (probe: Probe, circumstances = AWAKE, expectation = EXPECT) => {
  const end = classify(probe, expectation, circumstances);
  return 'class' in end ? `${end.end} ${end.class}` : end.end;
};

const PHASES: readonly ProbePhase[] = ['bind', 'connect', 'send', 'headers', 'body'];

/** Every code the prober can report, by the phase in which it happened. */
const TABLE: Readonly<
  Record<string, readonly [connect: string, send: string, headers: string, body: string]>
> = {
  ECONNREFUSED: ['dropped refused', 'dropped refused', 'dropped refused', 'dropped refused'],
  EHOSTUNREACH: ['dropped unreachable', 'dropped unreachable', 'dropped unreachable', 'dropped unreachable'],
  ENETUNREACH: ['dropped unreachable', 'dropped unreachable', 'dropped unreachable', 'dropped unreachable'],
  DEADLINE: [
    'dropped connect-timeout',
    'dropped answer-timeout',
    'dropped answer-timeout',
    'dropped answer-timeout',
  ],
  ETIMEDOUT: [
    'dropped connect-timeout',
    'dropped answer-timeout',
    'dropped answer-timeout',
    'dropped answer-timeout',
  ],
  ECONNRESET: [
    'dropped connect-reset',
    'dropped reset-before-answer',
    'dropped reset-before-answer',
    'dropped truncated',
  ],
  EPIPE: [
    'dropped connect-reset',
    'dropped reset-before-answer',
    'dropped reset-before-answer',
    'dropped truncated',
  ],
  CLOSED: [
    'dropped connect-reset',
    'dropped closed-before-answer',
    'dropped closed-before-answer',
    'dropped truncated',
  ],
  UND_ERR_SOCKET: [
    'dropped connect-reset',
    'dropped closed-before-answer',
    'dropped closed-before-answer',
    'dropped truncated',
  ],
  CONNECTION_GONE: [
    'dropped connect-reset',
    'dropped closed-before-answer',
    'dropped closed-before-answer',
    'dropped truncated',
  ],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: [
    'dropped closed-before-answer',
    'dropped closed-before-answer',
    'dropped closed-before-answer',
    'dropped truncated',
  ],
  GOAWAY: same('dropped goaway'),
  'RST_STREAM 7': same('dropped stream-reset'),
  'CLOSE_FRAME 1001': same('dropped close-frame'),
  ANSWER_TOO_LONG: same('dropped malformed'),
  NOT_UPGRADED: same('dropped malformed'),
  NO_GRPC_STATUS: same('dropped malformed'),
  ERR_HTTP2_ERROR: same('dropped malformed'),
  WS_ERR_UNEXPECTED_RSV_2_3: same('dropped malformed'),
  HPE_INVALID_CONSTANT: ['dropped malformed', 'dropped malformed', 'dropped malformed', 'dropped malformed'],
  UND_ERR_HEADERS_OVERFLOW: [
    'dropped malformed',
    'dropped malformed',
    'dropped malformed',
    'dropped malformed',
  ],
  EMFILE: same('not-judged prober-fault'),
  ENFILE: same('not-judged prober-fault'),
  ENOBUFS: same('not-judged prober-fault'),
  ENOMEM: same('not-judged prober-fault'),
  EADDRNOTAVAIL: same('not-judged prober-fault'),
  EADDRINUSE: same('not-judged prober-fault'),
  EACCES: same('not-judged prober-fault'),
  EPERM: same('not-judged prober-fault'),
  ENETDOWN: same('not-judged prober-fault'),
  ABORTED: same('not-judged indeterminate'),
  A_CODE_NOBODY_KNOWS: same('not-judged indeterminate'),
};

function same(end: string): [string, string, string, string] {
  return [end, end, end, end];
}

describe('a failed request', () => {
  it.each(Object.entries(TABLE))('%s means, by phase', (code, ends) => {
    expect(PHASES.slice(1).map((phase) => endOf(failed(phase, code)))).toEqual(ends);
  });

  it.each(Object.keys(TABLE))("%s while the port was bound is never the target's", (code) => {
    expect(endOf(failed('bind', code))).toMatch(/^not-judged/);
  });

  it('within a handshake of TLS is one class, whatever cut it, and by TLS itself wherever it was told', () => {
    for (const code of [
      'DEADLINE',
      'ETIMEDOUT',
      'ECONNRESET',
      'CLOSED',
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'EPROTO',
    ]) {
      expect(endOf(failed('tls', code))).toBe('dropped tls-failed');
    }
    expect(endOf(failed('headers', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'))).toBe('dropped tls-failed');
    expect(endOf(failed('tls', 'EMFILE'))).toBe('not-judged prober-fault');
    expect(endOf(failed('tls', 'E_NEVER_HEARD_OF'))).toBe('not-judged indeterminate');
    expect(endOf(failed('tls', 'DEADLINE', true))).toBe('not-judged prober-stall');
    expect(endOf(failed('tls', 'DEADLINE'), { ...AWAKE, packetsLost: true })).toBe('not-judged prober-fault');
  });

  it('is not judged where the prober stood still', () => {
    expect(endOf(failed('headers', 'DEADLINE', true))).toBe('not-judged prober-stall');
    expect(endOf(failed('headers', 'ECONNRESET'), { ...AWAKE, proberSlept: true })).toBe(
      'not-judged prober-stall',
    );
  });

  it('counts as refused however late the prober read the refusal', () => {
    expect(endOf(failed('connect', 'ECONNREFUSED'), { ...AWAKE, proberSlept: true })).toBe('dropped refused');
  });

  it('is not laid to the target where nothing came back while this machine threw packets away', () => {
    const lossy = { ...AWAKE, packetsLost: true };
    expect(endOf(failed('connect', 'DEADLINE'), lossy)).toBe('not-judged prober-fault');
    expect(endOf(failed('headers', 'DEADLINE'), lossy)).toBe('not-judged prober-fault');
    expect(endOf(failed('connect', 'ECONNREFUSED'), lossy)).toBe('dropped refused');
    expect(endOf(failed('headers', 'ECONNRESET'), lossy)).toBe('dropped reset-before-answer');
  });

  it('is not judged on a source port that had not rested, unless the connection was up', () => {
    const stale = { ...AWAKE, staleSourcePort: true };
    expect(endOf(failed('connect', 'DEADLINE'), stale)).toBe('not-judged stale-source-port');
    expect(endOf(failed('headers', 'ECONNRESET'), stale)).toBe('dropped reset-before-answer');
  });
});

describe('an answered request', () => {
  it.each([
    [199, 'dropped status'],
    [200, 'ok'],
    [299, 'ok'],
    [300, 'dropped status'],
    [302, 'dropped status'],
    [503, 'dropped status'],
  ])('with status %i is %s', (status, end) => {
    expect(endOf({ ...sent, status })).toBe(end);
  });

  it.each([
    [true, 'ok'],
    [false, 'dropped body'],
    [undefined, 'not-judged indeterminate'],
  ])('whose body check came out as %s is %s', (bodyOk, end) => {
    const probe: Probe = { ...sent, status: 200, ...(bodyOk === undefined ? {} : { bodyOk }) };
    expect(endOf(probe, AWAKE, { ...EXPECT, bodyContains: 'x' })).toBe(end);
  });

  it('is ok on whatever port, and whether or not the prober slept', () => {
    expect(endOf({ ...sent, status: 200 }, { ...AWAKE, staleSourcePort: true, proberSlept: true })).toBe(
      'ok',
    );
  });
});

describe('an answer without a status', () => {
  const answered = (facts: Partial<Probe>) =>
    endOf({ kind: 'probe', stream: 'target', seq: 0, scheduledMs: 0, sentMs: 0, endedMs: 1, ...facts });

  it('is judged by whether it was the echo', () => {
    expect(answered({ bodyOk: true })).toBe('ok');
    expect(answered({ bodyOk: false })).toBe('dropped body');
    expect(answered({})).toBe('not-judged indeterminate');
  });

  it('of gRPC is good with grpc-status 0 only', () => {
    expect(answered({ status: 200, grpcStatus: 0, bodyOk: true })).toBe('ok');
    expect(answered({ status: 200, grpcStatus: 14 })).toBe('dropped status');
    expect(answered({ status: 200, grpcStatus: 0, bodyOk: false })).toBe('dropped body');
  });
});

it.each(['overdue', 'no-source-port', 'in-flight-limit', 'stopped'] as const)(
  'a request held back (%s) is unsent',
  (unsent) => {
    expect(endOf({ kind: 'probe', stream: 'target', seq: 0, scheduledMs: 0, unsent })).toBe('unsent');
  },
);

describe('an answer that has to carry a number', () => {
  const NUMBERED: Expectation = { ...EXPECT, sequence: { path: '$.version', from: 1, to: 2 } };
  const carrying = (mayCarry: ProbeCircumstances['mayCarry'], value?: string) =>
    endOf(
      { ...sent, status: 200, ...(value === undefined ? {} : { value }) },
      { ...AWAKE, mayCarry },
      NUMBERED,
    );

  it('may carry the old one until the last old pod is gone, and the new one from the update on', () => {
    expect((['old', 'either', 'new'] as const).map((time) => carrying(time, '1'))).toEqual([
      'ok',
      'ok',
      'dropped outdated',
    ]);
    expect((['old', 'either', 'new'] as const).map((time) => carrying(time, '2'))).toEqual([
      'dropped body',
      'ok',
      'ok',
    ]);
  });

  it.each(['3', '12', '1.0', '', '1 ', undefined])('is dropped with %j', (value) => {
    for (const time of ['old', 'either', 'new'] as const) expect(carrying(time, value)).toBe('dropped body');
  });

  it('is dropped for its status before its number is looked at, and for its other checks', () => {
    expect(endOf({ ...sent, status: 503, value: '1' }, AWAKE, NUMBERED)).toBe('dropped status');
    const both = { ...NUMBERED, json: { path: '$.ok', equals: 'true' } };
    expect(endOf({ ...sent, status: 200, value: '1', bodyOk: false }, AWAKE, both)).toBe('dropped body');
    expect(endOf({ ...sent, status: 200, value: '1' }, AWAKE, both)).toBe('not-judged indeterminate');
  });
});
