import type { ManifestObject } from '../model/manifest.ts';
import { bySeverity, type StaticFinding } from '../model/static-finding.ts';
import { takeInventory } from './inventory.ts';
import type { CheckSettings, DeploymentRule, ServiceRule } from './rule.ts';
import { faultyPreStop, missingPreStop, shellAsFirstProcess, shortGrace } from './rules/ending.ts';
import { noEndpoints, noRoomBeside, stalledByNumbers } from './rules/replacing.ts';
import {
  affinity,
  ingressPorts,
  localTraffic,
  ownSelector,
  selection,
  targetPorts,
} from './rules/services.ts';
import { doubtfulProbes, missingContainers, missingReadiness, probesOfNoPort } from './rules/starting.ts';

/** What the rules say of manifests. */
export interface CheckResult {
  /** Most severe first, then by place. */
  readonly findings: readonly StaticFinding[];
  /** What no rule is about: StatefulSets and DaemonSets behind a Service, Deployments of other APIs than apps. */
  readonly notCovered: readonly ManifestObject[];
  /** How many Deployments were looked at. */
  readonly deployments: number;
}

const DEPLOYMENT_RULES: readonly DeploymentRule[] = [
  missingContainers,
  missingPreStop,
  faultyPreStop,
  shortGrace,
  shellAsFirstProcess,
  missingReadiness,
  doubtfulProbes,
  probesOfNoPort,
  noEndpoints,
  noRoomBeside,
  stalledByNumbers,
  ownSelector,
];

const SERVICE_RULES: readonly ServiceRule[] = [selection, targetPorts, localTraffic, affinity];

/**
 * Looks for causes of dropped requests in manifests alone. Pure, and made for manifests of any shape: what a rule does
 * not understand it says nothing about.
 */
export function checkManifests(
  objects: readonly ManifestObject[],
  settings: CheckSettings = {},
): CheckResult {
  const inventory = takeInventory(objects);
  const findings = [
    ...inventory.deployments.flatMap((deployment) =>
      DEPLOYMENT_RULES.flatMap((rule) => rule(deployment, inventory, settings)),
    ),
    ...inventory.services.flatMap((service) => SERVICE_RULES.flatMap((rule) => rule(service, inventory))),
    ...ingressPorts(inventory),
  ];
  return {
    findings: findings.toSorted(bySeverity),
    notCovered: inventory.notCovered,
    deployments: inventory.deployments.length,
  };
}
