import { didYouMean } from '../model/did-you-mean.ts';
import { type ManifestObject, placeText } from '../model/manifest.ts';
import {
  type DeploymentShape,
  isSubset,
  nameAndPlace,
  readDeployment,
  type ServiceShape,
  selects,
  servicesIn,
} from '../model/workload-shape.ts';
import type { Findings } from './findings.ts';

export interface DeploymentWish {
  /** As the user named it: `web`, or `shop/web` with its namespace. */
  readonly named: string | undefined;
  /** The Service that the user wants to probe, if it was named. */
  readonly service: string | undefined;
}

/**
 * The Deployment that is updated: the named one, else the one behind the named Service, else the only one, else the
 * only one behind a Service. Undefined, and a problem that lists the candidates, where that is not exactly one.
 */
export function chooseDeployment(
  objects: readonly ManifestObject[],
  wish: DeploymentWish,
  findings: Findings,
): DeploymentShape | undefined {
  const deployments = objects.filter(({ kind }) => kind === 'Deployment').map(readDeployment);
  const services = servicesIn(objects);
  if (wish.named !== undefined) return namedDeployment(wish.named, deployments, objects, findings);
  const [only, ...others] = deployments;
  if (!only) return noDeployment(objects, services, findings);
  const wanted = services.filter(({ object }) => wish.service === undefined || object.name === wish.service);
  const behind = deployments.filter(({ templateLabels }) =>
    wanted.some((service) => selects(service, templateLabels)),
  );
  const [one, ...rest] = behind;
  if (one && rest.length === 0) {
    const why =
      others.length === 0
        ? 'the only one'
        : wish.service === undefined
          ? 'the only one behind a Service'
          : `the one behind Service ${wish.service}`;
    findings.assume(`deployment ${one.object.name} (${why})`);
    return one;
  }
  if (others.length === 0) {
    findings.assume(`deployment ${only.object.name} (the only one)`);
    return only;
  }
  return ambiguous(behind.length > 0 ? behind : deployments, findings);
}

/** What the Deployment itself makes impossible: RP1103 to RP1105, RP1110. */
export function checkDeployment(deployment: DeploymentShape, findings: Findings): void {
  const { object, replicas, paused, strategy, matchLabels, templateLabels } = deployment;
  const title = `Deployment ${object.name}`;
  const where = (...path: readonly string[]) => placeText(object.placeOf(path));
  if (object.apiVersion !== 'apps/v1') {
    findings.problem({
      code: 'RP1103',
      what: `${title} is of ${object.apiVersion}.`,
      where: where('apiVersion'),
      why: 'Kubernetes serves Deployments as apps/v1 only, since 1.16.',
      remedy: 'Write apiVersion: apps/v1',
    });
  }
  if (replicas <= 0) {
    findings.problem({
      code: 'RP1104',
      what: `${title} has no replicas.`,
      where: where('spec', 'replicas'),
      why: 'Nobody answers, before the update and after it.',
      remedy: 'Set spec.replicas to 1 or more in what Rollproof gets.',
    });
  }
  if (paused) {
    findings.problem({
      code: 'RP1105',
      what: `${title} is paused.`,
      where: where('spec', 'paused'),
      why: 'A paused Deployment does not roll out.',
      remedy: 'Remove spec.paused.',
    });
  }
  if (templateLabels.size === 0 || !isSubset(matchLabels, templateLabels)) {
    findings.problem({
      code: 'RP1110',
      what: `${title} does not select its own pods.`,
      where: where('spec', 'selector'),
      why: 'The API server refuses a Deployment whose spec.selector does not match the labels of its template.',
      remedy: 'Make spec.selector.matchLabels a part of spec.template.metadata.labels.',
    });
  }
  if (strategy === 'Recreate') {
    findings.warn(
      `${title} has strategy Recreate: all old pods end before a new one starts, so requests will be dropped (${where('spec', 'strategy')})`,
    );
  }
}

function namedDeployment(
  named: string,
  deployments: readonly DeploymentShape[],
  objects: readonly ManifestObject[],
  findings: Findings,
): DeploymentShape | undefined {
  const [name, namespace] = named.split('/').toReversed();
  const found = deployments.find(
    ({ object }) => object.name === name && (namespace === undefined || object.namespace === namespace),
  );
  if (found) return found;
  const other = objects.find((object) => object.name === name && isOtherWorkload(object));
  if (other) return unsupported(other, findings);
  const names = deployments.map(({ object }) => object.name);
  const meant = didYouMean(name ?? '', names);
  return findings.problem({
    code: 'RP1601',
    what: `There is no Deployment ${named} in the manifests.`,
    where: 'deployment',
    why:
      names.length === 0
        ? 'They hold no Deployment at all.'
        : `They hold ${deployments.map(({ object }) => nameAndPlace(object)).join(', ')}.`,
    remedy: meant === undefined ? 'Name one that is there.' : `Did you mean ${meant}?`,
  });
}

function noDeployment(
  objects: readonly ManifestObject[],
  services: readonly ServiceShape[],
  findings: Findings,
): undefined {
  const others = objects.filter(isOtherWorkload);
  const behindService = others.find((object) =>
    services.some((service) => selects(service, readDeployment(object).templateLabels)),
  );
  const other = behindService ?? others[0];
  if (other) return unsupported(other, findings);
  const kinds = [...new Set(objects.map(({ kind }) => kind))];
  return findings.problem({
    code: 'RP1101',
    what: 'There is no Deployment in the manifests.',
    ...(objects[0] ? { where: objects[0].place.file } : {}),
    why: kinds.length === 0 ? 'They are empty.' : `They hold ${kinds.join(', ')}.`,
    remedy: 'Name the file that holds the Deployment as well.',
  });
}

function isOtherWorkload({ kind }: ManifestObject): boolean {
  return ['StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Pod', 'Rollout'].includes(kind);
}

function unsupported(object: ManifestObject, findings: Findings): undefined {
  return findings.problem({
    code: 'RP1103',
    what: `${object.kind} ${object.name} can not be tested: only Deployments are supported yet.`,
    where: placeText(object.place),
    why: 'Rollproof follows the rolling update of a Deployment of apps/v1.',
    remedy: 'Name a Deployment.',
  });
}

function ambiguous(candidates: readonly DeploymentShape[], findings: Findings): undefined {
  const [first] = candidates;
  return findings.problem({
    code: 'RP1012',
    what: `There are ${candidates.length} Deployments to choose from: ${candidates.map(({ object }) => nameAndPlace(object)).join(', ')}.`,
    ...(first ? { where: placeText(first.object.place) } : {}),
    why: 'One Deployment is updated at a time.',
    remedy: `Choose one: deployment: ${first?.object.name ?? '<name>'}`,
  });
}
