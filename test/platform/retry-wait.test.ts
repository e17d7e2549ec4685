import { describe, expect, it } from 'vitest';
import { type FailedExchange, retryWaitMs } from '../../src/platform/retry-wait.ts';

const NOW_MS = Date.parse('2026-11-20T20:00:00Z');

const wait = (failed: Partial<FailedExchange>) =>
  retryWaitMs(
    { status: 500, headers: {}, message: '', attempt: 1, repeatable: true, ...failed },
    1_000,
    NOW_MS,
  );

describe('the wait before asking GitHub again', () => {
  it.each<[string, Partial<FailedExchange>, number | undefined]>([
    ['a server error', { status: 502 }, 1_000],
    ['a third server error', { status: 502, attempt: 3 }, 4_000],
    ['a server error with a time', { status: 503, headers: { 'retry-after': '7' } }, 7_000],
    ['no answer', { status: undefined }, 1_000],
    ['a server error after something that must not be done twice', { repeatable: false }, undefined],
    [
      'no answer to something that must not be done twice',
      { status: undefined, repeatable: false },
      undefined,
    ],
    [
      'a rate limit of something that must not be done twice',
      { status: 429, headers: { 'retry-after': '7' }, repeatable: false },
      7_000,
    ],
    [
      'a rate limit with a date',
      { status: 429, headers: { 'retry-after': 'Fri, 20 Nov 2026 20:00:09 GMT' } },
      9_000,
    ],
    ['a rate limit with a time that is no time', { status: 429, headers: { 'retry-after': 'soon' } }, 60_000],
    ['a rate limit without a time', { status: 429 }, 60_000],
    [
      'an exhausted limit',
      {
        status: 403,
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW_MS / 1000 + 30) },
      },
      30_000,
    ],
    ['a secondary limit', { status: 403, message: 'You have exceeded a secondary rate limit' }, 60_000],
    ['a refusal', { status: 403 }, undefined],
    ['a missing page', { status: 404 }, undefined],
    ['an invalid request', { status: 422 }, undefined],
  ])('after %s', (_, failed, expected) => {
    expect(wait(failed)).toBe(expected);
  });
});
