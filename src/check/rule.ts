import type { Cause, Suggestion } from '../model/finding.ts';
import type { FieldPath, ManifestObject } from '../model/manifest.ts';
import type { Severity, StaticFinding } from '../model/static-finding.ts';
import type { CheckedDeployment, CheckedService, Inventory } from './inventory.ts';

/** What the manifests will be applied to, as far as it is known. */
export interface CheckSettings {
  /** `1.34`; absent: any version. */
  readonly kubernetesVersion?: string | undefined;
}

/** Looks at one Deployment, in the light of everything else that is there. */
export type DeploymentRule = (
  deployment: CheckedDeployment,
  inventory: Inventory,
  settings: CheckSettings,
) => readonly StaticFinding[];

/** Looks at one Service. */
export type ServiceRule = (service: CheckedService, inventory: Inventory) => readonly StaticFinding[];

export interface Seen {
  readonly cause: Cause;
  readonly severity: Severity;
  readonly at: FieldPath;
  readonly text: string;
  readonly suggestion?: Suggestion | undefined;
}

/** A finding at a field of an object. */
export function finding(object: ManifestObject, { at, suggestion, ...seen }: Seen): StaticFinding {
  const { kind, name } = object;
  return { ...seen, object: { kind, name }, place: object.placeOf(at), ...(suggestion && { suggestion }) };
}

/** An error becomes a warning where the Service that the Deployment answers for is not among the manifests. */
export function asSureAs({ served }: CheckedDeployment, severity: Severity): Severity {
  return served === 'yes' || severity !== 'error' ? severity : 'warning';
}
