import { describe, expect, it } from 'vitest';
import type { HttpEngineName, StreamSpec } from '../../../src/prober/protocol.ts';
import { countEnds, endOf, sharedProber, testStream } from '../../support/drive-prober.ts';
import { misbehavingServer } from '../../support/misbehaving-server.ts';

const ENGINES: readonly HttpEngineName[] = ['raw', 'undici'];
const IDLE_MS = 300;
const COUNT = 30;

const send = sharedProber();

describe.concurrent.each(ENGINES)('connections that rest, by %s', (engine) => {
  const resting = (port: number, spec: Partial<StreamSpec> = {}) =>
    testStream(port, {
      ...{ engine, connection: 'idle-reuse', connections: 50, idleMs: IDLE_MS },
      ...{ intervalMs: 50, deadlineMs: 2_000, ...spec },
    });

  it('are used again only after their rest, and no more are opened than that takes', async () => {
    await using server = await misbehavingServer(() => 'answer');
    const probes = await send(resting(server.port), COUNT);
    expect(countEnds(probes)).toEqual({ '200': COUNT });
    const reused = probes.filter((probe) => probe.reused);
    expect(reused.length).toBeGreaterThan(0);
    expect(Math.min(...reused.map(({ idleMs = 0 }) => idleMs))).toBeGreaterThanOrEqual(IDLE_MS);
    const fresh = probes.filter((probe) => !probe.reused);
    expect(fresh.every(({ idleMs, replaced }) => idleMs === undefined && replaced === undefined)).toBe(true);
    expect(server.connections).toBe(fresh.length);
  });

  it('that the server closed at rest are replaced, which is told and no drop', async () => {
    await using server = await misbehavingServer(() => 'answer-and-close');
    const probes = await send(resting(server.port), COUNT);
    expect(countEnds(probes)).toEqual({ '200': COUNT });
    expect(probes.some(({ reused }) => reused)).toBe(false);
    expect(server.connections).toBe(COUNT);
    // undici takes a connection for ended as soon as the answer is read.
    if (engine === 'raw') expect(probes.some(({ replaced }) => replaced)).toBe(true);
  });

  it('that die under a request drop it, and it is told how long they had rested', async () => {
    await using server = await misbehavingServer((request) =>
      request < 15 ? 'answer' : 'reset-before-answer',
    );
    const probes = await send(resting(server.port), COUNT);
    const dropped = probes.filter((probe) => endOf(probe) === 'headers ECONNRESET');
    expect(dropped).toHaveLength(COUNT - 15);
    const onRested = dropped.filter(({ reused }) => reused);
    expect(onRested.length).toBeGreaterThan(0);
    expect(onRested.every(({ idleMs = 0, replaced }) => idleMs >= IDLE_MS && replaced === undefined)).toBe(
      true,
    );
    expect(server.requests).toHaveLength(COUNT);
  });

  it('are never more than there may be: what finds none gets an additional one', async () => {
    await using server = await misbehavingServer(() => 'answer');
    const probes = await send(resting(server.port, { connections: 2 }), COUNT);
    expect(countEnds(probes)).toEqual({ '200': COUNT });
    const ports = new Set(probes.filter(({ reused }) => reused).map(({ localPort }) => localPort));
    expect(ports.size).toBeLessThanOrEqual(2);
    expect(server.connections).toBe(probes.filter(({ reused }) => !reused).length);
  });
});
