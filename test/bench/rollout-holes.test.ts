import { describe, expect, it } from 'vitest';
import { holesIn } from '../../bench/rollout/holes.ts';

const every = (stepMs: number, fromMs: number, toMs: number) =>
  Array.from({ length: Math.floor((toMs - fromMs) / stepMs) }, (_, index) => fromMs + index * stepMs);

describe('the longest hole of a rollout, from arrivals at all pods', () => {
  const rollout = { triggeredMs: 5_000, goneMs: 15_000 };

  it('lies between arrivals of whatever pod, before the update and from it on', () => {
    const old = every(10, 0, 8_000).filter((ms) => ms <= 3_000 || ms >= 3_040);
    const fresh = every(10, 8_060, 20_000);
    expect(holesIn([...fresh, ...old], rollout)).toEqual({
      arrived: old.length + fresh.length,
      duringMs: 70,
      beforeMs: 40,
      rolloutMs: 10_000,
    });
  });

  it('reaches to the edges, so that a tool that sent nothing has one as long as the rollout', () => {
    expect(holesIn([], rollout).duringMs).toBe(10_000);
    expect(holesIn(every(10, 0, 12_000), rollout).duringMs).toBe(3_010);
  });

  it('leaves out how a tool begins', () => {
    expect(holesIn([0, 900, ...every(10, 1_000, 20_000)], rollout)).toMatchObject({ beforeMs: 10 });
  });
});
