import { placeText } from '../model/manifest.ts';
import type { TargetKind, Vantage } from '../model/scenario.ts';
import type { ClusterSettings } from '../model/settings.ts';
import type { DeploymentShape, ServiceShape } from '../model/workload-shape.ts';
import type { Findings } from './findings.ts';

export interface WayIn {
  readonly vantage: Vantage;
  readonly target: TargetKind;
}

export interface WayInWish {
  readonly vantage: Vantage | undefined;
  readonly target: TargetKind | undefined;
  readonly provider: ClusterSettings['provider'];
}

/**
 * Where the prober stands and which address it asks. A Service that is open to the outside is asked from outside,
 * another one from a pod; what was said decides the rest. Undefined, and a problem, where the two can not meet.
 */
export function chooseWayIn(wish: WayInWish, service: ServiceShape, findings: Findings): WayIn | undefined {
  const { vantage, target, provider } = wish;
  if (vantage === 'runner' && target === 'cluster-ip') {
    return findings.problem({
      code: 'RP1113',
      what: 'A cluster IP can not be reached from the runner.',
      where: 'vantage',
      why: 'It exists on the nodes and in the pods only.',
      remedy: 'Choose vantage: pod, or #node-port as the target.',
    });
  }
  if (target !== undefined)
    return { target, vantage: vantage ?? (target === 'node-port' ? 'runner' : 'pod') };
  if (vantage !== undefined) return { vantage, target: vantage === 'runner' ? 'node-port' : 'cluster-ip' };
  const type = `service ${service.object.name} is of type ${service.type}`;
  if (provider === 'existing') {
    findings.assume(
      'vantage pod, towards the cluster IP (the nodes of an existing cluster may be out of reach)',
    );
    return { vantage: 'pod', target: 'cluster-ip' };
  }
  if (service.type === 'ClusterIP') {
    findings.assume(`vantage pod, towards the cluster IP (${type})`);
    return { vantage: 'pod', target: 'cluster-ip' };
  }
  findings.assume(`vantage runner, towards the node port (${type})`);
  return { vantage: 'runner', target: 'node-port' };
}

/** RP1516 where `#host-port` is asked for and the pods take nothing on a port of their node. */
export function checkHostPort(deployment: DeploymentShape, containerPort: number, findings: Findings): void {
  const ports = deployment.containers.flatMap((container) => container.ports);
  const isOpen =
    deployment.hostNetwork || ports.some((port) => port.containerPort === containerPort && port.hostPort);
  if (isOpen) return;
  findings.problem({
    code: 'RP1516',
    what: `The pods of Deployment ${deployment.object.name} take no requests on a port of their node.`,
    where: placeText(deployment.object.placeOf(['spec', 'template', 'spec', 'containers'])),
    why: `Neither hostNetwork nor a hostPort is set for port ${containerPort}.`,
    remedy: 'Set hostPort on the container port, or probe #node-port or #cluster-ip.',
  });
}
