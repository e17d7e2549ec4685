import { describe, expect, it } from 'vitest';
import type { PodStory } from '../../../src/verdict/causes/pod-story.ts';
import { staleUpstream } from '../../../src/verdict/causes/steady-rules.ts';
import type { Drop, Story } from '../../../src/verdict/causes/story.ts';

describe("a proxy's answer while old pods end", () => {
  it('is known for what it is among any number of pods', () => {
    const ended: Partial<PodStory> = { askedFromMs: 4_500 };
    const answer: Partial<Drop> = { status: 502, sentMs: 4_600, endedMs: 4_610, address: '10.244.3.9' };
    const story: Partial<Story> = {
      pods: Array.from({ length: 200_000 }, () => ended as PodStory),
      drops: [answer as Drop],
      visitsOf: new Map(),
      routesHeard: true,
    };
    expect(staleUpstream(answer as Drop, story as Story)).toMatchObject({ cause: 'ingress-stale-upstream' });
  });
});
