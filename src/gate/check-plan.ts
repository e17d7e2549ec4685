import { checkManifests } from '../check/check-manifests.ts';
import type { Plan, PlannedScenario } from '../model/plan.ts';
import type { StaticFinding } from '../model/static-finding.ts';

/**
 * The plan with what the manifests alone show about each scenario's Deployment and Service. Where the update is a state
 * of its own, that state is checked: it is what comes next.
 */
export function withStaticFindings(plan: Plan): Plan {
  if (!plan.report.check) return plan;
  const kubernetesVersion = versionOf(plan);
  return {
    ...plan,
    scenarios: plan.scenarios.map((planned) => ({
      ...planned,
      staticFindings: aboutTheProbed(
        planned,
        checkManifests(planned.updatedObjects ?? planned.objects, { kubernetesVersion }).findings,
      ),
    })),
  };
}

function aboutTheProbed(
  { scenario }: PlannedScenario,
  findings: readonly StaticFinding[],
): readonly StaticFinding[] {
  return findings.filter(
    ({ object: { kind, name } }) =>
      (kind === 'Deployment' && name === scenario.deployment) ||
      (kind === 'Service' && name === scenario.service),
  );
}

/** What was asked for, or what the name of the node image says. */
function versionOf({ cluster }: Plan): string | undefined {
  if (cluster.kubernetesVersion !== undefined) return cluster.kubernetesVersion;
  return /:v(1\.\d+)/.exec(cluster.nodeImage ?? '')?.[1];
}
