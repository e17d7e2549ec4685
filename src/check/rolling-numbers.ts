import type { ManifestObject } from '../model/manifest.ts';
import { property } from '../model/plain-data.ts';

/** How many pods a rolling update may add and take away, of so many replicas. */
export interface RollingNumbers {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** As they are written, or their default. */
  readonly written: { readonly maxSurge: string; readonly maxUnavailable: string };
}

const DEFAULT = '25%';

/** Resolves both numbers as the Deployment controller does; undefined where one of them is of no known form. */
export function rollingNumbers(strategy: unknown, replicas: number): RollingNumbers | undefined {
  const surge = written(property(strategy, 'rollingUpdate', 'maxSurge'));
  const unavailable = written(property(strategy, 'rollingUpdate', 'maxUnavailable'));
  const maxSurge = resolved(surge, replicas, Math.ceil);
  const maxUnavailable = resolved(unavailable, replicas, Math.floor);
  if (maxSurge === undefined || maxUnavailable === undefined) return undefined;
  return {
    maxSurge,
    // With neither the update could not begin, so the controller takes one pod away.
    maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable,
    written: { maxSurge: String(surge), maxUnavailable: String(unavailable) },
  };
}

/** The replicas that are written, or an autoscaler's minimum, which overrules them. */
export function leastReplicas(replicas: number, autoscaler: ManifestObject | undefined): number {
  if (!autoscaler) return replicas;
  const least = property(autoscaler.content, 'spec', 'minReplicas');
  return typeof least === 'number' ? Math.max(1, least) : 1;
}

function written(value: unknown): unknown {
  return value === undefined || value === null ? DEFAULT : value;
}

function resolved(value: unknown, replicas: number, round: (figure: number) => number): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  const [, percent] = (typeof value === 'string' && /^(\d{1,3})%$/.exec(value)) || [];
  return percent === undefined ? undefined : round((Number(percent) * replicas) / 100);
}
