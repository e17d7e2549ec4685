import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { BadInputError } from '../../src/model/problem.ts';
import { sendStatsd, statsdEndpoint } from '../../src/publish/statsd.ts';
import { renderStatsd } from '../../src/report/statsd.ts';
import { aResult, RED_AND_GREEN } from '../support/a-result.ts';

/** A statsd server on loopback: what arrives until so many lines are there. */
async function received(lines: readonly string[]) {
  const server = createSocket('udp4');
  const datagrams: string[] = [];
  const all = new Promise<void>((resolve) => {
    server.on('message', (message) => {
      datagrams.push(message.toString());
      if (datagrams.join('\n').split('\n').length >= lines.length) resolve();
    });
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const trouble = await sendStatsd({ address: '127.0.0.1', port: server.address().port }, lines);
  await all;
  server.close();
  return { trouble, datagrams };
}

describe('metrics for statsd', () => {
  it('are counters of requests and verdicts, and timings in milliseconds', () => {
    const lines = renderStatsd(aResult(RED_AND_GREEN).result);
    expect(lines[0]).toBe('rollproof.verdict.dropped:1|c');
    expect(lines).toContain('rollproof.without-prestop.verdict.dropped:1|c');
    for (const line of lines) expect(line).toMatch(/^rollproof(\.[a-z0-9-]+)+:\d+(\.\d{1,3})?\|(c|ms)$/);
    for (const figure of ['requests.sent', 'requests.dropped', 'response.p99', 'outage', 'rollout']) {
      expect(lines.filter((line) => line.startsWith(`rollproof.without-prestop.${figure}:`))).not.toEqual([]);
    }
  });

  it('say nothing but letters, digits and hyphens of a scenario, whatever it is called', () => {
    const lines = renderStatsd(aResult([{ scenario: { name: 'a:1|c\n.b ✗' } }]).result);
    expect(lines[1]).toBe('rollproof.a-1-c-b.verdict.pass:1|c');
  });

  it('arrive, each once and whole, in datagrams that fit everywhere', async () => {
    const lines = Array.from({ length: 200 }, (_, index) => `rollproof.some-scenario.figure-${index}:1|c`);
    const { trouble, datagrams } = await received(lines);
    expect(trouble).toBeUndefined();
    expect(datagrams.join('\n').split('\n').toSorted()).toEqual(lines.toSorted());
    expect(datagrams.length).toBeGreaterThan(1);
    for (const datagram of datagrams) expect(Buffer.byteLength(datagram)).toBeLessThanOrEqual(1_400);
  });

  it('that nobody takes are no error', async () => {
    const closed = createSocket('udp4').bind(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address();
    await new Promise<void>((resolve) => closed.close(() => resolve()));
    expect(await sendStatsd({ address: '127.0.0.1', port }, ['a:1|c'])).toBeUndefined();
  });

  it('go to this machine and to private networks only', async () => {
    expect(await statsdEndpoint({ host: '10.1.2.3', port: 8125 })).toEqual({
      address: '10.1.2.3',
      port: 8125,
    });
    await expect(statsdEndpoint({ host: '203.0.113.7', port: 8125 })).rejects.toThrow(BadInputError);
    await expect(statsdEndpoint({ host: '203.0.113.7', port: 8125 })).rejects.toThrow(/RP1054/);
  });
});
