import { isDeepStrictEqual } from 'node:util';
import { didYouMean } from '../model/did-you-mean.ts';
import { type ManifestObject, placeText } from '../model/manifest.ts';
import type { Update } from '../model/scenario.ts';
import type { ClusterSettings } from '../model/settings.ts';
import { type DeploymentShape, nameAndPlace, readDeployment } from '../model/workload-shape.ts';
import { checkDeployment } from './choose-deployment.ts';
import type { Findings } from './findings.ts';

export interface PlannedUpdate {
  readonly update: Update;
  readonly deployment: DeploymentShape;
  readonly updatedObjects: readonly ManifestObject[] | undefined;
  readonly cluster: ClusterSettings;
}

/** Will the update replace pods? What can be known of that before anything runs is a problem here. */
export function checkUpdate(planned: PlannedUpdate, findings: Findings): void {
  const { update } = planned;
  switch (update.kind) {
    case 'restart':
    case 'command':
    case 'sequence':
      break;
    case 'move':
      checkMove(planned.cluster, findings);
      break;
    case 'image':
      checkImage(planned.deployment, update, findings);
      break;
    case 'env':
      checkEnvironment(planned.deployment, update, findings);
      break;
    case 'apply':
      checkApply(planned, update.from, findings);
      break;
  }
}

function checkMove({ provider, nodes }: ClusterSettings, findings: Findings): void {
  if (provider === 'existing' || nodes > 1) return;
  findings.problem({
    code: 'RP1603',
    what: 'update: move needs a node that has no pod of the Deployment yet.',
    where: 'update',
    why: 'The cluster has 1 node.',
    remedy: 'Give the cluster more nodes (nodes: 2), or choose update: restart.',
  });
}

function checkImage(
  { object, containers, initContainers }: DeploymentShape,
  { container, image }: Extract<Update, { kind: 'image' }>,
  findings: Findings,
): void {
  const all = [...containers, ...initContainers];
  const found = all.find(({ name }) => name === container);
  if (!found) {
    const names = all.map(({ name }) => name);
    findings.problem({
      code: 'RP1602',
      what: `Deployment ${object.name} has no container ${container}.`,
      where: 'update',
      why: `Its containers are ${names.join(', ') || 'none'} (${placeText(object.placeOf(['spec', 'template', 'spec', 'containers']))}).`,
      remedy: `Write update: image:${didYouMean(container, names) ?? names[0] ?? '<container>'}=${image}`,
    });
  } else if (found.image === image) {
    findings.problem(
      nothingUpdated(
        `Container ${container} has the image ${image} already.`,
        object,
        'Name another image, or choose update: restart.',
      ),
    );
  }
}

function checkEnvironment(
  { object, containers }: DeploymentShape,
  { name, value }: Extract<Update, { kind: 'env' }>,
  findings: Findings,
): void {
  if (!containers.every(({ environment }) => environment.get(name) === value)) return;
  findings.problem(
    nothingUpdated(
      `${name} has this value in every container already.`,
      object,
      'Write another value, or choose update: restart.',
    ),
  );
}

function checkApply(
  { deployment, updatedObjects = [] }: PlannedUpdate,
  from: string,
  findings: Findings,
): void {
  const { object } = deployment;
  const next = updatedObjects.find(({ kind, name }) => kind === 'Deployment' && name === object.name);
  if (!next) {
    const others = updatedObjects.filter(({ kind }) => kind === 'Deployment').map(nameAndPlace);
    findings.problem({
      code: 'RP1601',
      what: `The update does not hold Deployment ${object.name}.`,
      where: `update: apply:${from}`,
      why: `It holds ${others.length === 0 ? 'no Deployment' : others.join(', ')}.`,
      remedy: 'Name the whole new state; the Deployment keeps its name.',
    });
    return;
  }
  const updated = readDeployment(next);
  checkDeployment(updated, findings);
  if (!isDeepStrictEqual([...updated.matchLabels].toSorted(), [...deployment.matchLabels].toSorted())) {
    findings.problem({
      code: 'RP1110',
      what: `The update changes the selector of Deployment ${object.name}.`,
      where: placeText(next.placeOf(['spec', 'selector'])),
      why: `It can not be changed; the old one is at ${placeText(object.placeOf(['spec', 'selector']))}.`,
      remedy: 'Keep spec.selector as it is.',
    });
  }
  if (isDeepStrictEqual(updated.template, deployment.template)) {
    const remedy = 'Change the pod template (an image, a variable), or choose update: restart.';
    findings.problem(
      nothingUpdated(
        `The pod template is the same as before (${placeText(object.placeOf(['spec', 'template']))}).`,
        next,
        remedy,
      ),
    );
  }
}

function nothingUpdated(why: string, object: ManifestObject, remedy: string) {
  return {
    code: 'RP1114',
    what: `The update changes no pod of Deployment ${object.name}.`,
    where: placeText(object.placeOf(['spec', 'template'])),
    why,
    remedy,
  };
}
