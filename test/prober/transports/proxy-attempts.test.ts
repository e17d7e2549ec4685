import { describe, expect, it } from 'vitest';
import { sendOnce } from '../../support/send-once.ts';

const saying = (field: string) =>
  `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${field}\r\nConnection: close\r\n\r\nok`;

describe.each(['raw', 'undici'] as const)('the %s engine', (engine) => {
  it.each([
    ['Envoy', 'X-Envoy-Attempt-Count: 3', 3],
    ['nginx, by addresses', 'X-Upstream-Addr: 10.0.0.1:80, 10.0.0.2:80', 2],
    ['nginx, by statuses', 'x-upstream-status: 502, 504, 200', 3],
  ])('tells how often a proxy tried: %s', async (_name, field, attempts) => {
    expect(await sendOnce(engine, { answer: saying(field) })).toMatchObject({ facts: { attempts } });
  });

  it.each([
    'X-Envoy-Attempt-Count: 1',
    'X-Envoy-Attempt-Count: many',
    'X-Upstream-Addr: 10.0.0.1:80',
    'X-Other: 2, 3',
  ])('says nothing of %s', async (field) => {
    const end = await sendOnce(engine, { answer: saying(field) });
    expect(end).toMatchObject({ kind: 'answered', facts: { status: 200 } });
    expect(end).not.toHaveProperty('facts.attempts');
  });
});
