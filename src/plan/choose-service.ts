import { didYouMean } from '../model/did-you-mean.ts';
import { type ManifestObject, placeText } from '../model/manifest.ts';
import type { Problem } from '../model/problem.ts';
import type { TargetKind } from '../model/scenario.ts';
import {
  type DeploymentShape,
  nameAndPlace,
  readDeployment,
  type ServiceShape,
  selects,
  servicesIn,
} from '../model/workload-shape.ts';
import type { Findings } from './findings.ts';

export interface ServiceWish {
  readonly named: string | undefined;
  readonly kind: TargetKind | undefined;
}

/**
 * The Service through which the Deployment is probed: the named one, else the only one that selects its pods and has
 * an address in the cluster. Undefined, and a problem, where that is not exactly one.
 */
export function chooseService(
  objects: readonly ManifestObject[],
  deployment: DeploymentShape,
  wish: ServiceWish,
  findings: Findings,
): ServiceShape | undefined {
  const services = servicesIn(objects);
  const chosen =
    wish.named === undefined
      ? inferred(services, deployment, findings)
      : named(wish.named, services, findings);
  if (!chosen) return undefined;
  const problem = unusable(chosen, deployment, wish.kind) ?? sharedProblem(chosen, deployment, objects);
  return problem ? findings.problem(problem) : chosen;
}

function named(
  name: string,
  services: readonly ServiceShape[],
  findings: Findings,
): ServiceShape | undefined {
  const found = services.find(({ object }) => object.name === name);
  if (found) return found;
  const meant = didYouMean(
    name,
    services.map(({ object }) => object.name),
  );
  return findings.problem({
    code: 'RP1512',
    what: `There is no Service ${name} in the manifests.`,
    where: 'target',
    why:
      services.length === 0
        ? 'They hold no Service at all.'
        : `They hold ${services.map(({ object }) => nameAndPlace(object)).join(', ')}.`,
    remedy:
      meant === undefined ? 'Name a Service that the manifests contain.' : `Did you mean service/${meant}?`,
  });
}

function inferred(
  services: readonly ServiceShape[],
  deployment: DeploymentShape,
  findings: Findings,
): ServiceShape | undefined {
  const selecting = services.filter((service) => selects(service, deployment.templateLabels));
  const usable = selecting.filter((service) => !unusable(service, deployment, undefined));
  const [one, ...others] = usable.length > 0 ? usable : selecting;
  if (!one) return findings.problem(noService(services, deployment));
  if (others.length > 0) return findings.problem(ambiguous([one, ...others], deployment));
  findings.assume(`service ${one.object.name} (it selects the pods of ${deployment.object.name})`);
  return one;
}

/** Why requests can not get through this Service to the Deployment, if they can not. */
function unusable(
  service: ServiceShape,
  deployment: DeploymentShape,
  kind: TargetKind | undefined,
): Problem | undefined {
  const { object, type, headless, selector } = service;
  const title = `Service ${object.name}`;
  if (type === 'ExternalName') {
    return {
      code: 'RP1107',
      what: `${title} is of type ExternalName.`,
      where: placeText(object.placeOf(['spec', 'type'])),
      why: 'It is a name for something outside of the cluster, and nothing outside is ever probed.',
      remedy: 'Probe a Service that selects the pods of the Deployment.',
    };
  }
  if (!selector) {
    return {
      code: 'RP1107',
      what: `${title} has no selector.`,
      where: placeText(object.placeOf(['spec'])),
      why: 'Its addresses come from somewhere else, and may be outside of the cluster.',
      remedy: 'Give it a selector that matches the pod template.',
    };
  }
  if (headless && kind !== 'host-port' && kind !== 'node-port') {
    return {
      code: 'RP1515',
      what: `${title} has no cluster IP.`,
      where: placeText(object.placeOf(['spec', 'clusterIP'])),
      why: 'It is headless: clients choose a pod themselves, by DNS.',
      remedy: 'Probe a Service with a cluster IP, or its node port (#node-port).',
    };
  }
  if (!selects(service, deployment.templateLabels)) {
    return {
      code: 'RP1106',
      what: `${title} does not select the pods of Deployment ${deployment.object.name}.`,
      where: placeText(object.placeOf(['spec', 'selector'])),
      why: `It wants ${labelText(selector)}; the pods have ${labelText(deployment.templateLabels)} (${placeText(deployment.object.placeOf(['spec', 'template', 'metadata', 'labels']))}).`,
      remedy: 'Make spec.selector of the Service a part of the labels of the pod template.',
    };
  }
  return undefined;
}

function sharedProblem(
  service: ServiceShape,
  deployment: DeploymentShape,
  objects: readonly ManifestObject[],
): Problem | undefined {
  const others = objects
    .filter(({ kind }) => ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].includes(kind))
    .filter(
      (object) => object !== deployment.object && selects(service, readDeployment(object).templateLabels),
    );
  const [other] = others;
  if (!other) return undefined;
  return {
    code: 'RP1511',
    what: `Service ${service.object.name} also sends requests to ${other.kind} ${other.name}.`,
    where: placeText(service.object.placeOf(['spec', 'selector'])),
    why: `It selects the pods of both (${placeText(other.place)}). Requests answered by others say nothing about the rolling update.`,
    remedy: `Give Deployment ${deployment.object.name} a label of its own and select it, or probe another Service.`,
  };
}

function noService(services: readonly ServiceShape[], deployment: DeploymentShape): Problem {
  const labels = labelText(deployment.templateLabels);
  const present = services.map(
    (service) =>
      `${nameAndPlace(service.object)} ${service.selector ? `wants ${labelText(service.selector)}` : 'has no selector'}`,
  );
  return {
    code: 'RP1106',
    what: `No Service selects the pods of Deployment ${deployment.object.name}.`,
    where: placeText(deployment.object.placeOf(['spec', 'template', 'metadata', 'labels'])),
    why: `The pods have ${labels}. ${present.length === 0 ? 'The manifests hold no Service.' : `Service ${present.join('; ')}.`}`,
    remedy: 'Name the file that holds the Service as well, or correct its selector.',
  };
}

function ambiguous(services: readonly ServiceShape[], deployment: DeploymentShape): Problem {
  const [first] = services;
  return {
    code: 'RP1012',
    what: `${services.length} Services select Deployment ${deployment.object.name}: ${services.map(({ object }) => nameAndPlace(object)).join(', ')}.`,
    ...(first ? { where: placeText(first.object.place) } : {}),
    why: 'One of them is probed.',
    remedy: `Choose one: target: service/${first?.object.name ?? '<name>'}`,
  };
}

function labelText(labels: ReadonlyMap<string, string>): string {
  return [...labels].map(([key, value]) => `${key}=${value}`).join(',') || 'no labels';
}
