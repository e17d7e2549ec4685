import type { RunFacts } from './run-facts.ts';

export type Generation = 'old' | 'new';

/** A pod of the Deployment under test, over the time in which the recording knows it. */
export interface PodLife {
  readonly uid: string;
  readonly name: string;
  readonly node?: string;
  readonly address?: string;
  readonly generation: Generation;
  readonly firstSeenMs: number;
  readonly firstReadyMs?: number;
  /** When the watch first showed it terminating. */
  readonly terminatingMs?: number;
  /** When the watch showed its object gone. */
  readonly goneMs?: number;
}

/**
 * All pods of the Deployment, in the order in which they were first seen. Old are those of the list before the update,
 * and any that were still made from the same template after it.
 */
export function podLives(facts: RunFacts): readonly PodLife[] {
  const oldUids = new Set(facts.before?.pods.map(({ uid }) => uid));
  const oldHash = facts.before?.templateHash;
  const lives = new Map<string, PodLife>();
  const learn = (
    pod: { uid: string; name: string; node?: string; address?: string; templateHash: string },
    atMs: number,
  ) => {
    const known = lives.get(pod.uid);
    const life: PodLife = {
      uid: pod.uid,
      name: pod.name,
      generation: oldUids.has(pod.uid) || pod.templateHash === oldHash ? 'old' : 'new',
      firstSeenMs: atMs,
      ...known,
      ...(pod.node === undefined ? {} : { node: pod.node }),
      ...(pod.address === undefined ? {} : { address: pod.address }),
    };
    lives.set(pod.uid, life);
    return life;
  };
  for (const pod of facts.before?.pods ?? []) learn(pod, 0);
  for (const fact of facts.pods) {
    const life = learn(fact, fact.atMs);
    const terminating = fact.deletionTimestamp !== undefined || fact.change === 'deleted';
    lives.set(fact.uid, {
      ...life,
      ...(fact.ready && life.firstReadyMs === undefined ? { firstReadyMs: fact.atMs } : {}),
      ...(terminating && life.terminatingMs === undefined ? { terminatingMs: fact.atMs } : {}),
      ...(fact.change === 'deleted' && life.goneMs === undefined ? { goneMs: fact.atMs } : {}),
    });
  }
  for (const pod of facts.after?.pods ?? []) learn(pod, facts.after?.atMs ?? 0);
  return [...lives.values()];
}
