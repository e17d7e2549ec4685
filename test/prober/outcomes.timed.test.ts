import { describe, expect, it } from 'vitest';
import type { ConnectionMode } from '../../src/model/scenario.ts';
import type { HttpEngineName, StreamSpec } from '../../src/prober/protocol.ts';
import {
  countEnds,
  endOf,
  sendRequests,
  sharedProber,
  testStream as streamOf,
} from '../support/drive-prober.ts';
import { type Behaviour, BODY, misbehavingServer } from '../support/misbehaving-server.ts';

const ENGINES: readonly HttpEngineName[] = ['raw', 'undici'];
const MODES: readonly ConnectionMode[] = ['new', 'keep-alive'];

const send = sharedProber();

/** Slow enough that a request has ended before the next one is due, on a busy machine as well. */
const UNHURRIED = { intervalMs: 200, deadlineMs: 2_000 };

/** The same where the next request may on no account find the connection busy. */
const ONE_AT_A_TIME = { intervalMs: 600, deadlineMs: 2_000 };

/**
 * Far more than an answer takes, on a busy machine as well; and the prober may be late by ten intervals before a
 * request is held back.
 */
const PATIENT = { intervalMs: 50, deadlineMs: 2_000 };

/** Far more than it takes to hear of an end that follows an answer: a request that crosses it is dropped indeed. */
const END_HEARD = { intervalMs: 150 };

/** What the prober has to say of each behaviour. */
const TOLD: Readonly<Record<Behaviour, string>> = {
  answer: '200',
  'answer-slowly': '200',
  'answer-and-close': '200',
  'wrong-status': '503',
  redirect: '302',
  'wrong-body': '200 wrong body',
  hang: 'headers DEADLINE',
  'close-without-answer': 'headers CLOSED',
  'reset-before-answer': 'headers ECONNRESET',
  'reset-inside-answer': 'body ECONNRESET',
  'reset-inside-unframed-answer': 'body ECONNRESET',
  truncate: 'body CLOSED',
  'truncate-chunked': 'body CLOSED',
  'truncate-last': 'body CLOSED',
  'truncate-last-chunked': 'body CLOSED',
  'hang-inside-answer': 'body DEADLINE',
  garbage: 'headers HPE_INVALID',
  'answer-and-reset': '200',
  'answer-and-garbage': '200',
  'answer-chunked': '200',
  'answer-in-pieces': '200',
  'answer-until-close': '200',
  'answer-in-http-1.0': '200',
  'answer-without-body': '204 wrong body',
  'early-hints': '200',
  'endless-head': 'headers UND_ERR_HEADERS_OVERFLOW',
  'two-lengths': 'headers HPE_INVALID',
};

/** Each engine has words of its own for what is not HTTP. */
const TOLD_BY_RAW: Readonly<Partial<Record<Behaviour, string>>> = {
  garbage: 'headers HPE_INVALID_CONSTANT',
  'endless-head': 'headers HPE_HEADER_OVERFLOW',
  'two-lengths': 'headers HPE_UNEXPECTED_CONTENT_LENGTH',
};

const toldBy = (engine: HttpEngineName, behaviour: Behaviour) =>
  (engine === 'raw' ? TOLD_BY_RAW[behaviour] : undefined) ?? TOLD[behaviour];

/** Of this machine, and no server of any test: ports of 127.0.0.1 are free one moment and taken the next. */
const LONELY_ADDRESS = '127.0.0.77';

const BEHAVIOURS = Object.keys(TOLD) as Behaviour[];

describe.concurrent.each(ENGINES)('%s', (engine) => {
  const testStream = (port: number, spec: Partial<StreamSpec> = {}) => streamOf(port, { engine, ...spec });

  describe.each(MODES)('with %s connections', (connection) => {
    it.each(BEHAVIOURS)(
      'every request the server meets with "%s" is told as what it is',
      async (behaviour) => {
        await using server = await misbehavingServer(() => behaviour);
        const expectation = { statusFrom: 200, statusTo: 299, bodyContains: BODY };
        const probes = await send(
          testStream(server.port, {
            connection,
            connections: 2,
            expect: expectation,
            ...PATIENT,
            ...(behaviour.startsWith('answer-and-') ? END_HEARD : {}),
          }),
          6,
        );
        expect(countEnds(probes)).toEqual({ [toldBy(engine, behaviour)]: 6 });
        expect(probes.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5]);
        expect(server.requests).toHaveLength(6);
      },
    );

    it('counts each class of a mixture exactly, and sends nothing twice', async () => {
      await using server = await misbehavingServer(
        (request) => BEHAVIOURS[request % BEHAVIOURS.length] ?? 'answer',
      );
      const expectation = { statusFrom: 200, statusTo: 299, bodyContains: BODY };
      const count = BEHAVIOURS.length * 3;
      const spec = testStream(server.port, {
        connection,
        connections: 3,
        expect: expectation,
        ...PATIENT,
        // Each connection is used again after three of them.
        intervalMs: END_HEARD.intervalMs / 3,
      });
      const probes = await send(spec, count);

      const expected: Record<string, number> = {};
      for (const behaviour of BEHAVIOURS) {
        const told = toldBy(engine, behaviour);
        expected[told] = (expected[told] ?? 0) + 3;
      }
      expect(countEnds(probes)).toEqual(expected);
      expect(server.requests).toHaveLength(count);
    });

    it('tells a port nobody listens on as refused while connecting', async () => {
      const probes = await send(testStream(9, { connection, address: LONELY_ADDRESS }), 5);
      expect(countEnds(probes)).toEqual({ 'connect ECONNREFUSED': 5 });
      expect(probes.every(({ remote, status }) => remote === undefined && status === undefined)).toBe(true);
    });

    it('sends the Host it was given and says who it is', async () => {
      await using server = await misbehavingServer(() => 'answer');
      await send(
        testStream(server.port, { connection, host: 'shop.example', path: '/a?b=c', ...PATIENT }),
        1,
      );
      expect(server.requests[0]?.split('\r\n')).toEqual([
        'GET /a?b=c HTTP/1.1',
        'host: shop.example',
        `connection: ${connection === 'new' ? 'close' : 'keep-alive'}`,
        'user-agent: rollproof-prober',
      ]);
    });

    it('does not follow a redirect', async () => {
      await using server = await misbehavingServer(() => 'redirect');
      await send(testStream(server.port, { connection, ...PATIENT }), 4);
      expect(server.requests.map((head) => head.split(' ')[1])).toEqual(['/', '/', '/', '/']);
    });

    it('goes straight to the target, whatever proxy the environment names', async () => {
      await using proxy = await misbehavingServer(() => 'wrong-status');
      await using server = await misbehavingServer(() => 'answer');
      const url = `http://127.0.0.1:${proxy.port}`;
      const env = {
        HTTP_PROXY: url,
        http_proxy: url,
        ALL_PROXY: url,
        all_proxy: url,
        NODE_USE_ENV_PROXY: '1',
      };
      const probes = await sendRequests(testStream(server.port, { connection, ...PATIENT }), 4, env);
      expect(countEnds(probes)).toEqual({ '200': 4 });
      expect(proxy.connections).toBe(0);
    });

    it('tells where each request came from and went to', async () => {
      await using server = await misbehavingServer(() => 'answer');
      const probes = await send(testStream(server.port, { connection, ...ONE_AT_A_TIME }), 4);
      for (const { remote, localPort } of probes) {
        expect(remote).toBe(`127.0.0.1:${server.port}`);
        expect(localPort).toBeGreaterThanOrEqual(12_000);
        expect(localPort).toBeLessThan(32_000);
      }
      expect(new Set(probes.map(({ localPort }) => localPort)).size).toBe(connection === 'new' ? 4 : 1);
    });
  });

  describe('fresh connections', () => {
    it('are never used again', async () => {
      await using server = await misbehavingServer(() => 'answer');
      const probes = await send(testStream(server.port, PATIENT), 20);
      expect(probes.map(({ reused }) => reused)).toEqual(Array(20).fill(false));
      expect(server.connections).toBe(20);
    });
  });

  describe('kept-alive connections', () => {
    it('are used in turn', async () => {
      await using server = await misbehavingServer(() => 'answer');
      const probes = await send(
        testStream(server.port, { connection: 'keep-alive', connections: 3, ...UNHURRIED }),
        12,
      );
      expect(server.connections).toBe(3);
      expect(probes.map(({ reused }) => reused)).toEqual([...Array(3).fill(false), ...Array(9).fill(true)]);
      const ports = probes.map(({ localPort }) => localPort);
      expect(ports.slice(3)).toEqual(ports.slice(0, -3));
    });

    it('are joined by an additional one for a request that finds all of them busy', async () => {
      await using server = await misbehavingServer(() => 'hang');
      const spec = testStream(server.port, { connection: 'keep-alive', connections: 2, deadlineMs: 1_000 });
      const probes = await send(spec, 5);
      expect(countEnds(probes)).toEqual({ 'headers DEADLINE': 5 });
      expect(server.connections).toBe(5);
    });

    it('are replaced without a failure when the server closed them while they were idle', async () => {
      await using server = await misbehavingServer((request) =>
        request === 2 ? 'answer-and-close' : 'answer',
      );
      const probes = await send(testStream(server.port, { connection: 'keep-alive', ...ONE_AT_A_TIME }), 6);
      expect(probes.map(endOf)).toEqual(Array(6).fill('200'));
      expect(probes.map(({ reused }) => reused)).toEqual([false, true, true, false, true, true]);
    });

    it('show a reset under a request that was already written', async () => {
      await using server = await misbehavingServer((request) =>
        request % 10 === 9 ? 'reset-before-answer' : 'answer',
      );
      const probes = await send(
        testStream(server.port, { connection: 'keep-alive', connections: 4, ...UNHURRIED, intervalMs: 100 }),
        50,
      );
      expect(countEnds(probes)).toEqual({ '200': 45, 'headers ECONNRESET': 5 });
      expect(probes.filter(({ failure }) => failure).every(({ reused }) => reused)).toBe(true);
      expect(server.requests).toHaveLength(50);
    });
  });
});
