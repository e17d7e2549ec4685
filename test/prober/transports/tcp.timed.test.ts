import { describe, expect, it } from 'vitest';
import { endOf, keptAlive, sharedTeller, testStream } from '../../support/drive-prober.ts';
import { echoPeer, type LineBehaviour } from '../../support/echo-peer.ts';
import { hows, told } from '../../support/told.ts';

const tellOf = sharedTeller();
const KEPT = keptAlive('tcp');

describe.concurrent('tcp', () => {
  it('keeps its connections for many messages and tells each of them at the end', async () => {
    await using peer = await echoPeer(() => 'echo');
    const { probes, facts } = await tellOf(testStream(peer.port, { ...KEPT, connections: 3 }), 9);
    expect(probes.map(told)).toEqual(Array(9).fill('ok'));
    expect(peer.connections).toBe(3);
    expect(new Set(probes.map(({ localPort }) => localPort)).size).toBe(3);
    expect(probes.map(({ reused }) => reused)).toEqual([...Array(3).fill(false), ...Array(6).fill(true)]);
    expect(hows(facts)).toEqual(['kept', 'kept', 'kept']);
    expect(new Set(peer.lines).size).toBe(9);
  });

  it('takes a fresh connection for every message where it is told to', async () => {
    await using peer = await echoPeer(() => 'echo');
    const { probes, facts } = await tellOf(testStream(peer.port, { ...KEPT, connection: 'new' }), 4);
    expect(probes.map(told)).toEqual(Array(4).fill('ok'));
    expect(peer.connections).toBe(4);
    expect(facts).toEqual([]);
  });

  it.each<[LineBehaviour, string, string, string]>([
    ['wrong-id', 'undefined wrong body', 'body', 'kept'],
    ['hang', 'headers DEADLINE', 'answer-timeout', 'given-up'],
    ['close', 'headers CLOSED', 'closed-before-answer', 'closed'],
    ['reset', 'headers ECONNRESET', 'reset-before-answer', 'reset'],
    ['cut-short', 'body CLOSED', 'truncated', 'closed'],
    ['half-and-reset', 'body ECONNRESET', 'truncated', 'reset'],
  ])('a server that does %s: %s', async (behaviour, end, dropped, how) => {
    await using peer = await echoPeer((line) => (line === 2 ? behaviour : 'echo'));
    const spec = testStream(peer.port, { ...KEPT, connections: 1, deadlineMs: 1_500 });
    const { probes, facts } = await tellOf(spec, 6);
    expect(probes.map((probe) => (told(probe) === 'ok' ? 'ok' : endOf(probe)))).toEqual(
      [0, 1, 2, 3, 4, 5].map((seq) => (seq === 2 ? end : 'ok')),
    );
    expect(probes.flatMap((probe) => (told(probe) === 'ok' ? [] : [told(probe)]))).toEqual([dropped]);
    expect(hows(facts)[0]).toBe(how);
    expect(hows(facts).at(-1)).toBe('kept');
    // Nothing is sent twice.
    expect(peer.lines).toHaveLength(6);
  });

  it('dials at once where an idle connection is lost, and no message is dropped by it', async () => {
    await using peer = await echoPeer((line) => (line === 1 ? 'echo-and-close' : 'echo'));
    const { probes, facts } = await tellOf(testStream(peer.port, { ...KEPT, intervalMs: 300 }), 4);
    expect(probes.map(told)).toEqual(Array(4).fill('ok'));
    expect(hows(facts)).toEqual(['closed', 'kept']);
    const [lost, next] = facts.flatMap((fact) => (fact.kind === 'connection' ? [fact] : []));
    expect(next?.dialedMs).toBeLessThan(probes[2]?.sentMs ?? 0);
    expect(probes.map(({ localPort }) => localPort)).toEqual([
      lost?.localPort,
      lost?.localPort,
      next?.localPort,
      next?.localPort,
    ]);
  });

  it('does not dial in a circle where the server accepts and closes', async () => {
    await using peer = await echoPeer(() => 'close');
    const { probes } = await tellOf(testStream(peer.port, { ...KEPT }), 5);
    expect(probes.map(told)).toEqual(Array(5).fill('closed-before-answer'));
    expect(peer.connections).toBe(5);
  });

  it('tells a refused connection with the message that wanted it', async () => {
    // Of this machine, and no server of any test: ports of 127.0.0.1 are free one moment and taken the next.
    const { probes, facts } = await tellOf(testStream(9, { ...KEPT, address: '127.0.0.77' }), 3);
    expect(probes.map(endOf)).toEqual(Array(3).fill('connect ECONNREFUSED'));
    expect(hows(facts)).toEqual(['failed', 'failed', 'failed']);
    expect(new Set(probes.map(({ localPort }) => localPort)).size).toBe(3);
  });

  it('fails everything in flight when the connection goes, each message once', async () => {
    await using peer = await echoPeer((line) => (line < 3 ? 'hang' : 'reset'));
    const { probes } = await tellOf(testStream(peer.port, { ...KEPT }), 4);
    expect(probes.map(endOf)).toEqual(Array(4).fill('headers ECONNRESET'));
    expect(peer.connections).toBe(1);
  });
});
