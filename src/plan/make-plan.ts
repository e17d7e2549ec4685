import type { MachineLimits } from '../model/machine-limits.ts';
import type { Plan, PlannedScenario, ScenarioManifests } from '../model/plan.ts';
import { BadInputError } from '../model/problem.ts';
import { carrierOf, steadyRatePerSecond } from '../model/scenario.ts';
import type { ClusterSettings, ScenarioSettings, SettingPlaces, Settings } from '../model/settings.ts';
import { shortageProblem, shortages } from './capacity.ts';
import { checkBody } from './check-body.ts';
import { checkImages } from './check-images.ts';
import { withoutProcessor } from './check-pacing.ts';
import { checkProtocol } from './check-protocol.ts';
import { checkRest } from './check-rest.ts';
import { checkSlow } from './check-slow.ts';
import { checkUpdate } from './check-update.ts';
import { checkDeployment, chooseDeployment } from './choose-deployment.ts';
import { choosePath } from './choose-path.ts';
import { choosePort } from './choose-port.ts';
import { chooseService } from './choose-service.ts';
import { checkHostPort, chooseWayIn } from './choose-vantage.ts';
import { Findings } from './findings.ts';
import { roundsOf } from './rounds.ts';
import { parseTarget } from './target-text.ts';

/**
 * Decides everything that can be decided before a cluster is booted. `manifests` are those of `settings.scenarios`, in
 * the same order, and so are `places`; `machine` is what this one has to give. Throws BadInputError with all problems of
 * all scenarios.
 */
export function makePlan(
  settings: Settings,
  manifests: readonly ScenarioManifests[],
  machine: MachineLimits = {},
  places: readonly SettingPlaces[] = [],
): Plan {
  const findings = new Findings();
  // In an existing cluster the prober mostly stands on another machine.
  const limits = settings.cluster.provider === 'existing' ? {} : machine;
  const scenarios = settings.scenarios.map((scenario, index) => {
    findings.begin(places[index] ?? {});
    return planScenario(scenario, manifests[index] ?? { objects: [] }, settings.cluster, limits, findings);
  });
  if (findings.problems.length > 0) throw new BadInputError(findings.problems);
  const planned = scenarios.filter((scenario) => scenario !== undefined);
  return {
    cluster: settings.cluster,
    scenarios: planned,
    ...(settings.parallel === 1 ? {} : { rounds: roundsOf(planned, settings, limits) }),
    report: settings.report,
    assumed: findings.assumed,
    warnings: findings.warnings,
  };
}

/** Undefined where something is missing; the findings then hold a problem. */
function planScenario(
  settings: ScenarioSettings,
  { objects, updatedObjects }: ScenarioManifests,
  cluster: ClusterSettings,
  limits: MachineLimits,
  findings: Findings,
): PlannedScenario | undefined {
  checkProtocol(settings, findings);
  checkRest(settings, findings);
  checkSlow(settings, findings);
  checkBody(settings, findings);
  checkCapacity(settings, limits, findings);
  const wish = parseTarget(settings.target, findings);
  const deployment = chooseDeployment(
    objects,
    { named: settings.deployment, service: wish?.service },
    findings,
  );
  if (!deployment) return undefined;
  checkDeployment(deployment, findings);
  checkUpdate({ update: settings.update, deployment, updatedObjects, cluster }, findings);
  checkImages(deployment, settings.update, cluster.images, findings);
  if (!wish) return undefined;

  const service = chooseService(objects, deployment, { named: wish.service, kind: wish.kind }, findings);
  if (!service) return undefined;
  const port = choosePort(
    service,
    deployment,
    { port: wish.port, protocol: settings.protocol, carrier: carrierOf(settings.protocol) },
    findings,
  );
  const way = chooseWayIn(
    { vantage: settings.vantage, target: wish.kind, provider: cluster.provider },
    service,
    findings,
  );
  if (!port || !way) return undefined;
  if (way.target === 'host-port') checkHostPort(deployment, port.containerPort, findings);
  const path = choosePath(
    {
      protocol: settings.protocol,
      given: settings.path,
      slow: settings.slow,
      containerPort: port.containerPort,
    },
    deployment,
    findings,
  );
  if (path === undefined) return undefined;

  const { name, protocol, connection, update, ratePerSecond, connections, idleMs, slow, expect } = settings;
  const { pacing, deadlineMs, rolloutDeadlineMs, repeat, repeatAll, tryFixRuns } = settings;
  const { sensitivity, podProbes, rolledControl } = settings;
  const baselineMs = baselineFor(settings, findings);
  const tailMs = tailFor(settings.tailMs, cluster, findings);
  const scenario = {
    ...{
      name,
      protocol,
      connection,
      ...way,
      deployment: deployment.object.name,
      service: service.object.name,
    },
    ...{ servicePort: port.servicePort, path, update, ratePerSecond, connections, expect },
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(slow && { slow }),
    ...(pacing && { pacing }),
    ...(podProbes === false && { podProbes }),
    ...{ deadlineMs, baselineMs, tailMs, rolloutDeadlineMs },
  };
  return {
    ...{ scenario, repeat, objects },
    ...(tryFixRuns === undefined ? {} : { tryFixRuns }),
    ...(repeatAll && { repeatAll }),
    ...(sensitivity && { sensitivity }),
    ...(rolledControl && { rolledControl }),
    ...(updatedObjects && { updatedObjects }),
  };
}

/** Resting connections are to be used again some times before the update. */
const RESTS_BEFORE_UPDATE = 2;
const AFTER_REST_MS = 2_000;

function baselineFor({ baselineMs, idleMs }: ScenarioSettings, findings: Findings): number {
  if (idleMs === undefined) return baselineMs;
  const neededMs = RESTS_BEFORE_UPDATE * idleMs + AFTER_REST_MS;
  if (baselineMs >= neededMs) return baselineMs;
  findings.assume(`baseline ${neededMs / 1000} s (connections rest ${idleMs / 1000} s between requests)`);
  return neededMs;
}

/** What reaches the nodes late can drop requests late, too. */
const AFTER_DELAY_MS = 2_000;

function tailFor(tailMs: number, { amplify }: ClusterSettings, findings: Findings): number {
  const neededMs = (amplify?.propagationDelayMs ?? 0) + AFTER_DELAY_MS;
  if (!amplify || tailMs >= neededMs) return tailMs;
  findings.assume(`tail ${neededMs / 1000} s (longer than amplify-propagation-delay)`);
  return neededMs;
}

/** What would use something of the machine up is refused before anything is booted. */
function checkCapacity(settings: ScenarioSettings, limits: MachineLimits, findings: Findings): void {
  const who = `Scenario ${JSON.stringify(settings.name)}`;
  const demand = { ...settings, steadyRate: steadyRatePerSecond };
  for (const shortage of shortages(demand, limits)) findings.problem(shortageProblem(shortage, who, 'rate'));
  const problem = withoutProcessor(who, settings, limits);
  if (problem) findings.problem(problem);
}
