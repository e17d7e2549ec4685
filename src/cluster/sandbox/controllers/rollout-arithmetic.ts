import type { Deployment } from '../api/objects.ts';

/** How many pods may exist above, and be missing below, the wanted number during a rolling update. */
export interface RolloutBounds {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/**
 * Percentages of the replicas: surge rounds up, unavailable rounds down. Where both come to 0 the rollout could never
 * move, so one pod may be unavailable; `literal` leaves that rule out.
 */
export function rolloutBounds(
  { spec }: Pick<Deployment, 'spec'>,
  options: { readonly literal?: boolean } = {},
): RolloutBounds {
  const replicas = spec.replicas ?? 1;
  if (spec.strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: replicas };
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const surge = scaled(maxSurge, replicas, Math.ceil);
  const unavailable = scaled(maxUnavailable, replicas, Math.floor);
  if (surge === 0 && unavailable === 0 && !options.literal) return { maxSurge: 0, maxUnavailable: 1 };
  return { maxSurge: surge, maxUnavailable: Math.min(unavailable, replicas) };
}

function scaled(value: number | string, total: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  return round((Number(percent ?? value) * total) / 100);
}
