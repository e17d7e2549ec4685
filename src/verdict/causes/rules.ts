import { endingPod } from './ending-rules.ts';
import {
  flappingPods,
  nobodyAtHostPort,
  nobodyOnEntryNode,
  nobodyReady,
  podsWithoutPort,
  sharedAddress,
  unselectedPods,
} from './endpoint-rules.ts';
import { disturbedMeasurement, rememberedSourcePort } from './measurement-rules.ts';
import type { Rule } from './rule.ts';
import { mutePod, restartedContainer, startingPod } from './starting-rules.ts';
import { idleConnection, staleUpstream } from './steady-rules.ts';
import { inferredPod, unroutedStart } from './unrouted-rules.ts';

/**
 * The rules in the order in which they are asked. What would make all others wrong comes first: the measurement itself,
 * then containers and endpoints, then the life of the pod that the request went to.
 */
export const RULES: readonly Rule[] = [
  disturbedMeasurement,
  restartedContainer,
  sharedAddress,
  idleConnection,
  flappingPods,
  podsWithoutPort,
  unselectedPods,
  nobodyReady,
  nobodyOnEntryNode,
  nobodyAtHostPort,
  rememberedSourcePort,
  endingPod,
  startingPod,
  mutePod,
  staleUpstream,
  inferredPod,
  unroutedStart,
];
