import { describe, expect, it } from 'vitest';
import { loadProbe, refuseForeignHost } from '../../src/inputs/load-probe.ts';
import type { RawInputs } from '../../src/inputs/raw-inputs.ts';
import { BadInputError, type Problem } from '../../src/model/problem.ts';
import { isPrivateAddress } from '../../src/platform/private-address.ts';

const problemsOf = (action: () => unknown): readonly Problem[] => {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof BadInputError) return error.problems;
    throw error;
  }
};
const codesOf = (action: () => unknown) => problemsOf(action).map(({ code }) => code);
const NONE = new Map();

describe('the URL of a probe', () => {
  it('says host, port, path and Host header, each as the server expects it', () => {
    expect(loadProbe('http://web.example:8080/a?b=c#d', NONE, {}).target).toEqual({
      url: 'http://web.example:8080/a?b=c',
      protocol: 'http',
      hostname: 'web.example',
      port: 8080,
      path: '/a?b=c',
      host: 'web.example:8080',
    });
    expect(loadProbe('http://[::1]/', NONE, {}).target).toMatchObject({ hostname: '::1', port: 80 });
  });

  it('opens as many resting connections as rate and rest need, and counts the time-out on top of a duration', () => {
    const inputs: RawInputs = new Map([
      ['connection', { given: 'new,idle-reuse,slow', label: '--connection' }],
      ['slow-header', { given: 'X-Delay', label: '--slow-header' }],
      ['timeout', { given: '2s', label: '--timeout' }],
      ['pacing', { given: 'precise', label: '--pacing' }],
    ]);
    expect(loadProbe('http://127.0.0.1/', inputs, {}).probes).toMatchObject([
      { connection: 'new', connections: 10, deadlineMs: 2_000, pacing: 'precise' },
      { connection: 'idle-reuse', connections: 601, idleMs: 5_000, deadlineMs: 2_000 },
      { connection: 'slow', slow: { durationMs: 3_000, header: 'X-Delay' }, deadlineMs: 5_000 },
    ]);
  });

  it.each(['Host', 'content-length', 'X Delay', 'X-Delay: 1', 'Ünicode'])(
    'has no header %s that asks for a duration',
    (given) => {
      const inputs: RawInputs = new Map([['slow-header', { given, label: '--slow-header' }]]);
      expect(codesOf(() => loadProbe('http://127.0.0.1/', inputs, {}))).toEqual(['RP1006']);
    },
  );

  it.each([
    ['ws://127.0.0.1/chat', { protocol: 'websocket', port: 80, path: '/chat' }],
    [
      'http://127.0.0.1:8080/sleep/{ms}?s={seconds}',
      { protocol: 'http', port: 8080, path: '/sleep/{ms}?s={seconds}' },
    ],
    ['h2c://127.0.0.1:8080/a', { protocol: 'h2', port: 8080, path: '/a' }],
    ['grpc://127.0.0.1:5000', { protocol: 'grpc', path: '/grpc.health.v1.Health/Check' }],
    ['grpc://127.0.0.1:5000/shop.v1.Orders/List', { protocol: 'grpc', path: '/shop.v1.Orders/List' }],
    ['tcp://127.0.0.1:5003', { protocol: 'tcp', port: 5003, path: '/', hostname: '127.0.0.1' }],
    ['udp://[::1]:5003', { protocol: 'udp', port: 5003, path: '/', hostname: '::1' }],
  ])('says the protocol: %s', (url, expected) => {
    expect(loadProbe(url, NONE, {}).target).toMatchObject(expected);
  });

  it.each([
    'tcp://127.0.0.1',
    '127.0.0.1:8080',
    'ftp://127.0.0.1/',
    'http://',
    'http://user:secret@127.0.0.1/',
  ])('%s is refused', (url) => expect(codesOf(() => loadProbe(url, NONE, {}))).toEqual(['RP1050']));

  const SPOKEN = 'There are: http://, https://, h2c://, grpc://, ws://, tcp://, udp://.';
  it.each([
    ['h2://127.0.0.1:8080', `Did you mean h2c://, HTTP/2 without TLS? ${SPOKEN}`],
    ['wss://127.0.0.1/chat', `Did you mean ws://, without TLS? ${SPOKEN}`],
    ['grpcs://127.0.0.1:5000', `Did you mean grpc://, without TLS? ${SPOKEN}`],
    ['ftp://127.0.0.1/', SPOKEN],
    ['constructor://127.0.0.1/', SPOKEN],
    ['localhost:8080', 'Write it whole, such as http://127.0.0.1:8080/.'],
  ])('%s is told what is spoken', (url, remedy) =>
    expect(problemsOf(() => loadProbe(url, NONE, {}))).toMatchObject([{ code: 'RP1050', remedy }]),
  );

  it.each(['http', 'ftp'])('%s is not repeated with its password', (scheme) => {
    expect(() => loadProbe(`${scheme}://user:secret@127.0.0.1/`, NONE, {})).toThrow('RP1050');
    expect(() => loadProbe(`${scheme}://user:secret@127.0.0.1/`, NONE, {})).not.toThrow('secret');
  });

  it('is refused together with everything else that is wrong', () => {
    const inputs = new Map([['rate', { given: 'fast', label: '--rate' }]] as const);
    expect(codesOf(() => loadProbe('nothing', inputs, { duration: '5' }))).toEqual([
      'RP1050',
      'RP1006',
      'RP1006',
    ]);
    expect(() => loadProbe('http://127.0.0.1/', NONE, { duration: '5' })).toThrow(/--duration .*not "5"/);
  });
});

describe('how long is probed', () => {
  it('is bounded by what one recording can hold', () => {
    const inputs = new Map([['rate', { given: '5000', label: '--rate' }]] as const);
    expect(codesOf(() => loadProbe('http://127.0.0.1/', inputs, { duration: '1000s' }))).toEqual([]);
    expect(codesOf(() => loadProbe('http://127.0.0.1/', inputs, { duration: '1001s' }))).toEqual(['RP1053']);
  });
});

describe('connections that rest', () => {
  const resting = (idle: string) =>
    new Map([
      ['connection', { given: ['idle-reuse'], label: '--connection' }],
      ['idle', { given: idle, label: '--idle' }],
    ] as const);

  it('are probed for long enough to be used again', () => {
    expect(codesOf(() => loadProbe('http://127.0.0.1/', resting('2s'), { duration: '4s' }))).toEqual([]);
    expect(codesOf(() => loadProbe('http://127.0.0.1/', resting('2s'), { duration: '3s' }))).toEqual([
      'RP1055',
    ]);
  });
});

describe('who may be probed', () => {
  it.each([
    '127.0.0.1',
    '127.8.9.10',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '::1',
    'fd00::1',
  ])('%s: this machine or a private network', (address) => expect(isPrivateAddress(address)).toBe(true));

  it.each([
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '169.254.169.254',
    'fe80::1',
    '2001:db8::1',
    '0.0.0.0',
    'localhost',
  ])('%s: not without being named', (address) => expect(isPrivateAddress(address)).toBe(false));

  it('a host of somebody else only where it was allowed by its name', () => {
    const to = (allowHost: readonly string[]) => () =>
      refuseForeignHost(loadProbe('http://web.example/', NONE, { allowHost }), '203.0.113.7');
    expect(codesOf(to([]))).toEqual(['RP1051']);
    expect(codesOf(to(['other.example']))).toEqual(['RP1051']);
    expect(codesOf(to(['web.example']))).toEqual([]);
  });
});
