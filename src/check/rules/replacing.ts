import type { Suggestion } from '../../model/finding.ts';
import { type ManifestObject, placeText } from '../../model/manifest.ts';
import { property } from '../../model/plain-data.ts';
import type { StaticFinding } from '../../model/static-finding.ts';
import type { Container } from '../container.ts';
import {
  type CheckedDeployment,
  type Inventory,
  labelSelectorMatches,
  POD_SPEC,
  sameNamespace,
} from '../inventory.ts';
import { added, changed } from '../lines.ts';
import { ownWait } from '../own-wait.ts';
import { asSureAs, type DeploymentRule, finding } from '../rule.ts';

const STRATEGY = ['spec', 'strategy'];

/** Strategies under which there is a time with no ready pod at all. */
export const noEndpoints: DeploymentRule = (deployment, inventory) => {
  const { object, replicas, rolling, served, serving, strategy } = deployment;
  if (served === 'no' || replicas < 1) return [];
  const recreates = strategy === 'Recreate';
  if (!recreates && !(rolling && rolling.maxUnavailable >= replicas)) return [];
  const why = recreates
    ? 'With strategy Recreate all old pods end before a new one starts'
    : `maxUnavailable ${rolling?.written.maxUnavailable} with maxSurge ${rolling?.written.maxSurge} lets ${countText(rolling?.maxUnavailable ?? 0, replicas)} end before a new one is ready`;
  // Nodes send requests to ending pods where there are no others, as long as those go on serving.
  const servesOn = !recreates && serving.length > 0 && serving.every(waits);
  const alone = whyAlone(deployment, inventory);
  const suggestion = alone === undefined ? surge(deployment) : undefined;
  return [
    finding(object, {
      cause: 'no-endpoints',
      severity: servesOn ? 'warning' : asSureAs(deployment, 'error'),
      at: STRATEGY,
      text: [
        `${why}: meanwhile the Service has no ready pod, and ${servesOn ? 'only ending ones, which serve as long as they wait. It holds unless a new pod is ready by then.' : 'every request is refused.'}`,
        ...(alone === undefined
          ? []
          : [`Two pods cannot be there at once (${alone}), so that an interruption is part of this design.`]),
        ...budgetText(deployment, inventory),
      ].join(' '),
      suggestion,
    }),
  ];
};

/** New pods that wait for what old pods hold, while old pods wait for new ones. */
export const noRoomBeside: DeploymentRule = (deployment, inventory) => {
  const { replicas, rolling } = deployment;
  if (!rolling || rolling.maxSurge === 0 || replicas < 1) return [];
  return [...portHeld(deployment), ...nodeHeld(deployment), ...volumeHeld(deployment, inventory)];
};

/** Numbers by which a rollout cannot begin, or is called failed before it could be over. */
export const stalledByNumbers: DeploymentRule = (deployment) => {
  const { object, paused, replicas, spec, containers } = deployment;
  const findings: StaticFinding[] = [];
  if (paused) {
    findings.push(
      finding(object, {
        cause: 'nothing-rolled',
        severity: 'error',
        at: ['spec', 'paused'],
        text: 'The Deployment is paused: a change of its template replaces no pod.',
        suggestion: changed({ object, path: ['spec', 'paused'] }, 'Resume it.', true, 'false'),
      }),
    );
  }
  const deadline = numberAt(spec, 'progressDeadlineSeconds') ?? 600;
  const wait = numberAt(spec, 'minReadySeconds') ?? 0;
  if (replicas < 1) return findings;
  const startSeconds = Math.max(
    0,
    ...containers.map(
      ({ readiness, startup }) =>
        (startup?.initialDelaySeconds ?? 0) + (startup ? 0 : (readiness?.initialDelaySeconds ?? 0)),
    ),
  );
  if (deadline <= wait) {
    findings.push(
      stalled(
        object,
        'error',
        `progressDeadlineSeconds is ${deadline} and minReadySeconds ${wait}: the API server refuses a deadline that is not the longer one.`,
        wait + startSeconds + 600,
      ),
    );
  } else if (deadline <= wait + startSeconds) {
    findings.push(
      stalled(
        object,
        'warning',
        `A new pod is available ${wait + startSeconds} s after its start at the earliest (initialDelaySeconds and minReadySeconds), and the rollout counts as failed after ${deadline} s (progressDeadlineSeconds).`,
        wait + startSeconds + 600,
      ),
    );
  }
  return findings;
};

function stalled(
  object: ManifestObject,
  severity: 'error' | 'warning',
  text: string,
  to: number,
): StaticFinding {
  const path = ['spec', 'progressDeadlineSeconds'];
  const now = property(object.content, ...path);
  const remedy = `Raise progressDeadlineSeconds to ${to}.`;
  return finding(object, {
    cause: 'rollout-stalled',
    severity,
    at: now === undefined ? ['spec', 'minReadySeconds'] : path,
    text,
    suggestion:
      now === undefined
        ? added({ object, path: ['spec'] }, remedy, [`progressDeadlineSeconds: ${to}`])
        : changed({ object, path }, remedy, now, to),
  });
}

function portHeld(deployment: CheckedDeployment): readonly StaticFinding[] {
  const { containers, hostNetwork, object, rolling } = deployment;
  const held = containers.flatMap(({ path, ports }) =>
    ports.flatMap((port, index) => {
      const number = port.hostPort ?? (hostNetwork ? port.containerPort : undefined);
      return number === undefined || number === 0 ? [] : [{ number, at: [...path, 'ports', index] }];
    }),
  );
  const [first] = held;
  if (!first && !hostNetwork) return [];
  const what = first
    ? `Pods hold port ${held.map(({ number }) => number).join(', ')} of their node`
    : 'Pods listen on the address of their node';
  const stays = rolling?.maxUnavailable === 0 ? ', and no old pod ends before the new one is ready' : '';
  return [
    finding(object, {
      cause: 'host-port-conflict',
      severity: 'warning',
      at: first?.at ?? [...POD_SPEC, 'hostNetwork'],
      text: `${what}, and the update starts a new pod beside the old ones (maxSurge ${rolling?.written.maxSurge}): it needs a node without one${stays}. Where there is none, the rollout stands still.`,
      suggestion: rollInPlace(deployment),
    }),
  ];
}

/** Required anti-affinity to its own kind keeps a new pod off every node that has an old one. */
function nodeHeld(deployment: CheckedDeployment): readonly StaticFinding[] {
  const { object, podSpec, rolling, templateLabels } = deployment;
  if (rolling?.maxUnavailable !== 0) return [];
  const key = 'requiredDuringSchedulingIgnoredDuringExecution';
  const terms = property(podSpec, 'affinity', 'podAntiAffinity', key);
  if (!Array.isArray(terms)) return [];
  const toItself = terms.some(
    (term) =>
      property(term, 'topologyKey') === 'kubernetes.io/hostname' &&
      property(term, 'matchLabelKeys') === undefined &&
      property(term, 'mismatchLabelKeys') === undefined &&
      labelSelectorMatches(property(term, 'labelSelector'), templateLabels) === true,
  );
  if (!toItself) return [];
  return [
    finding(object, {
      cause: 'rollout-stalled',
      severity: 'info',
      at: [...POD_SPEC, 'affinity', 'podAntiAffinity'],
      text: `No two of these pods may be on one node, and no old pod ends before a new one is ready (maxUnavailable ${rolling.written.maxUnavailable}): the update needs ${deployment.replicas + 1} nodes, and stands still with ${deployment.replicas}.`,
    }),
  ];
}

/** A volume for one node, or for one pod, that the new pod needs while the old one has it. */
function volumeHeld(deployment: CheckedDeployment, { objects }: Inventory): readonly StaticFinding[] {
  const { object, podSpec, rolling } = deployment;
  return claimsOf(podSpec, object, objects).flatMap(({ claim, index, modes }): readonly StaticFinding[] => {
    const at = [...POD_SPEC, 'volumes', index];
    const forOnePod = modes.every((mode) => mode === 'ReadWriteOncePod');
    if (!forOnePod && !modes.every((mode) => mode.startsWith('ReadWriteOnce'))) return [];
    return [
      finding(object, {
        cause: 'rollout-stalled',
        severity: forOnePod && rolling?.maxUnavailable === 0 ? 'error' : 'warning',
        at,
        text: forOnePod
          ? `PersistentVolumeClaim ${claim.name} may be used by one pod at a time (${placeText(claim.place)}), and the update starts a new pod beside the old one.`
          : `PersistentVolumeClaim ${claim.name} may be used on one node at a time (${placeText(claim.place)}), and the update starts a new pod beside the old one: on another node it waits for a volume that it does not get.`,
        suggestion: rollInPlace(deployment),
      }),
    ];
  });
}

interface UsedClaim {
  readonly claim: ManifestObject;
  readonly index: number;
  readonly modes: readonly string[];
}

/** The claims among the manifests that a pod mounts and that one pod or one node may use at a time. */
function claimsOf(
  podSpec: unknown,
  deployment: ManifestObject,
  objects: readonly ManifestObject[],
): readonly UsedClaim[] {
  const volumes = property(podSpec, 'volumes');
  if (!Array.isArray(volumes)) return [];
  return volumes.flatMap((volume, index) => {
    const name = property(volume, 'persistentVolumeClaim', 'claimName');
    const claim = objects.find(
      (object) =>
        object.kind === 'PersistentVolumeClaim' && object.name === name && sameNamespace(object, deployment),
    );
    const modes = claim && property(claim.content, 'spec', 'accessModes');
    if (!claim || !Array.isArray(modes) || modes.length === 0) return [];
    return [{ claim, index, modes: modes.map(String) }];
  });
}

/** Why a second pod cannot start beside the first; undefined where nothing says so. */
function whyAlone(
  { containers, hostNetwork, object, podSpec }: CheckedDeployment,
  { objects }: Inventory,
): string | undefined {
  const volume = claimsOf(podSpec, object, objects).find(({ modes }) =>
    modes.every((mode) => mode.startsWith('ReadWriteOnce')),
  );
  if (volume) return `PersistentVolumeClaim ${volume.claim.name} is ReadWriteOnce`;
  if (hostNetwork) return 'they are on the network of their node';
  const hostPort = containers
    .flatMap(({ ports }) => ports)
    .find(({ hostPort: one }) => one !== undefined)?.hostPort;
  return hostPort === undefined ? undefined : `they hold port ${hostPort} of their node`;
}

/** A PodDisruptionBudget is often believed to help here. */
function budgetText(
  { object, templateLabels }: CheckedDeployment,
  { objects }: Inventory,
): readonly string[] {
  const budget = objects.find(
    (one) =>
      one.kind === 'PodDisruptionBudget' &&
      sameNamespace(one, object) &&
      labelSelectorMatches(property(one.content, 'spec', 'selector'), templateLabels) === true,
  );
  if (!budget) return [];
  return [
    `PodDisruptionBudget ${budget.name} (${placeText(budget.place)}) does not prevent it: it limits evictions, not updates.`,
  ];
}

/** Does the container go on serving for a while when it is told to end? */
function waits(container: Container): boolean {
  return container.preStop !== undefined || ownWait(container) !== undefined;
}

function surge({ object, spec }: CheckedDeployment): Suggestion {
  const text = 'Start a new pod before an old one ends.';
  const yaml = [
    'strategy:',
    '  type: RollingUpdate',
    '  rollingUpdate:',
    '    maxUnavailable: 0',
    '    maxSurge: 1',
  ];
  return property(spec, 'strategy') === undefined
    ? added({ object, path: ['spec'] }, text, yaml)
    : { text, yaml };
}

function rollInPlace({ replicas }: CheckedDeployment): Suggestion {
  const cost = replicas > 1 ? '' : ' With one replica this means a time without a pod.';
  return {
    text: `Let an old pod end before its successor starts, or do without what only one can have.${cost}`,
    yaml: ['strategy:', '  rollingUpdate:', '    maxSurge: 0', '    maxUnavailable: 1'],
  };
}

function countText(maxUnavailable: number, replicas: number): string {
  return replicas === 1 ? 'the only pod' : `all ${Math.min(maxUnavailable, replicas)} pods`;
}

function numberAt(value: unknown, key: string): number | undefined {
  const found = property(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}
