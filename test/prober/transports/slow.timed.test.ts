import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { headerAsking } from '../../../src/gate/header-asking.ts';
import { pathAsking } from '../../../src/model/scenario.ts';
import type { HttpEngineName } from '../../../src/prober/protocol.ts';
import { countEnds, sharedProber, testStream } from '../../support/drive-prober.ts';

const ENGINES: readonly HttpEngineName[] = ['raw', 'undici'];
const COUNT = 12;

const send = sharedProber();

/** Answers after as many milliseconds as path or header ask for, and cuts what is in flight at request `cutAt`. */
async function sleepyServer(cutAt = Number.POSITIVE_INFINITY) {
  let requests = 0;
  const closes: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    closes.push(request.headers.connection);
    if (++requests === cutAt) {
      server.closeAllConnections();
      return;
    }
    const asked = request.headers['x-delay'] ?? request.url?.split('/').at(-1);
    setTimeout(() => response.end('ok'), Number(asked));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    closes,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.concurrent.each(ENGINES)('slow requests, by %s', (engine) => {
  const slow = { durationMs: 400, header: 'X-Delay' };
  const common = { engine, connection: 'slow', intervalMs: 50, deadlineMs: 3_400 } as const;

  it.each([
    ['path', { path: pathAsking('/sleep/{ms}', slow) }],
    ['header', { path: '/ready', ...headerAsking(slow) }],
  ])('ask for their duration by %s, each on a connection of its own', async (_, asking) => {
    await using server = await sleepyServer();
    const probes = await send(testStream(server.port, { ...common, ...asking }), COUNT);
    expect(countEnds(probes)).toEqual({ '200': COUNT });
    // Timers of the server and of the prober round each for itself.
    for (const { sentMs = 0, endedMs = 0 } of probes) expect(endedMs - sentMs).toBeGreaterThan(395);
    expect(new Set(probes.map(({ localPort }) => localPort)).size).toBe(COUNT);
    expect(server.closes).toEqual(Array.from({ length: COUNT }, () => 'close'));
  });

  it('are dropped where they are cut in flight, each that was', async () => {
    await using server = await sleepyServer(COUNT);
    const path = pathAsking('/sleep/{seconds}00000', { durationMs: 2_000 });
    const probes = await send(testStream(server.port, { ...common, path }), COUNT);
    const ends = countEnds(probes);
    expect((ends['headers CLOSED'] ?? 0) + (ends['headers ECONNRESET'] ?? 0)).toBe(COUNT);
  });
});

describe('what asks for a duration', () => {
  it('is milliseconds or seconds in the path, and nothing where none is asked for', () => {
    expect(pathAsking('/a/{ms}?s={seconds}', { durationMs: 1_500 })).toBe('/a/1500?s=1.5');
    expect(pathAsking('/a/{ms}', undefined)).toBe('/a/{ms}');
  });
});
