import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { rolloutBounds } from '../controllers/rollout-arithmetic.ts';
import { sameJson } from '../json.ts';
import type { Deployment, KubeObject, PodSpec, ReplicaSet, Service } from './objects.ts';
import { DEPLOYMENTS, PODS, REPLICA_SETS, type Resource, SERVICES } from './resources.ts';
import { matchesSelector } from './selectors.ts';
import type { Cause, StatusError } from './status-error.ts';

/** Judges a pod spec by what the sandbox can run; throws the refusal that names the way out. */
export type PodSpecJudge = (spec: PodSpec, path: string) => StatusError | undefined;

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The rules of a real API server that matter to a rollout and that no schema expresses. */
export function brokenRules(resource: Resource, object: KubeObject, before: KubeObject | undefined): Cause[] {
  const causes: Cause[] = [];
  const { name } = object.metadata;
  if (!NAME.test(name) || name.length > 253) {
    causes.push({
      field: 'metadata.name',
      message: `Invalid value: "${name}": a lowercase RFC 1123 subdomain is needed`,
    });
  }
  if (is(DEPLOYMENTS, resource, object))
    causes.push(...deploymentRules(object, is(DEPLOYMENTS, resource, before) ? before : undefined));
  if (is(REPLICA_SETS, resource, object))
    causes.push(...selectorRules(object, is(REPLICA_SETS, resource, before) ? before : undefined));
  if (is(SERVICES, resource, object)) causes.push(...serviceRules(object));
  for (const { spec, path } of podSpecsOf(resource, object)) causes.push(...podRules(spec, path));
  return causes;
}

/** The pod spec of an object, with its path: a pod's own or that of a template. */
export function podSpecsOf(
  resource: Resource,
  object: KubeObject,
): { readonly spec: PodSpec; readonly path: string }[] {
  if (is(PODS, resource, object)) return [{ spec: object.spec, path: 'spec' }];
  if (is(DEPLOYMENTS, resource, object) || is(REPLICA_SETS, resource, object)) {
    const spec = object.spec.template?.spec;
    return spec ? [{ spec, path: 'spec.template.spec' }] : [];
  }
  return [];
}

function is<T extends KubeObject>(
  wanted: Resource<T>,
  resource: Resource,
  object: KubeObject | undefined,
): object is T {
  return object !== undefined && resource.plural === wanted.plural && resource.group === wanted.group;
}

function deploymentRules(object: Deployment, before: Deployment | undefined): Cause[] {
  const causes = selectorRules(object, before);
  const { strategy } = object.spec;
  if (strategy?.type === 'Recreate' && strategy.rollingUpdate) {
    causes.push({
      field: 'spec.strategy.rollingUpdate',
      message: "Forbidden: may not be specified when strategy `type` is 'Recreate'",
    });
  }
  if (strategy?.type === 'RollingUpdate') {
    const { maxSurge, maxUnavailable } = rolloutBounds(
      { ...object, spec: { ...object.spec, replicas: 100 } },
      { literal: true },
    );
    if (maxSurge === 0 && maxUnavailable === 0) {
      causes.push({
        field: 'spec.strategy.rollingUpdate.maxUnavailable',
        message: `Invalid value: ${JSON.stringify(strategy.rollingUpdate?.maxUnavailable)}: may not be 0 when \`maxSurge\` is 0`,
      });
    }
  }
  if ((object.spec.replicas ?? 1) < 0)
    causes.push({ field: 'spec.replicas', message: 'Invalid value: must be greater than or equal to 0' });
  return causes;
}

function selectorRules(
  object: Deployment | ReplicaSet,
  before: Deployment | ReplicaSet | undefined,
): Cause[] {
  const causes: Cause[] = [];
  const selector: LabelSelector | undefined = object.spec.selector;
  const labels = object.spec.template?.metadata?.labels ?? {};
  if (before && !sameJson(before.spec.selector, selector)) {
    causes.push({
      field: 'spec.selector',
      message: `Invalid value: ${JSON.stringify(selector)}: field is immutable`,
    });
  }
  if (selector && !matchesSelector(selector, labels)) {
    causes.push({
      field: 'spec.template.metadata.labels',
      message: `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
    });
  }
  return causes;
}

function serviceRules({ spec }: Service): Cause[] {
  const ports = spec.ports ?? [];
  const causes: Cause[] = [];
  if (ports.length === 0 && spec.type !== 'ExternalName' && spec.clusterIP !== 'None')
    causes.push({ field: 'spec.ports', message: 'Required value' });
  ports.forEach((port, index) => {
    if (ports.length > 1 && !port.name)
      causes.push({ field: `spec.ports[${index}].name`, message: 'Required value' });
    if (port.port < 1 || port.port > 65_535)
      causes.push({
        field: `spec.ports[${index}].port`,
        message: `Invalid value: ${port.port}: must be between 1 and 65535, inclusive`,
      });
  });
  return causes;
}

function podRules(spec: PodSpec, path: string): Cause[] {
  const causes: Cause[] = [];
  const seen = new Set<string>();
  spec.containers.forEach((container, index) => {
    const at = `${path}.containers[${index}]`;
    if (!container.image) causes.push({ field: `${at}.image`, message: 'Required value' });
    if (seen.has(container.name))
      causes.push({ field: `${at}.name`, message: `Duplicate value: "${container.name}"` });
    seen.add(container.name);
    for (const hook of ['postStart', 'preStop'] as const) {
      const handler = container.lifecycle?.[hook];
      if (handler && Object.keys(handler).length !== 1) {
        causes.push({
          field: `${at}.lifecycle.${hook}`,
          message: 'Required value: must specify exactly one handler type',
        });
      }
    }
    for (const kind of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const) {
      const probe = container[kind];
      if (!probe) continue;
      const handlers = [probe.exec, probe.httpGet, probe.tcpSocket, probe.grpc].filter(Boolean).length;
      if (handlers !== 1)
        causes.push({
          field: `${at}.${kind}`,
          message: 'Required value: must specify exactly one handler type',
        });
      if (kind !== 'readinessProbe' && (probe.successThreshold ?? 1) !== 1) {
        causes.push({
          field: `${at}.${kind}.successThreshold`,
          message: `Invalid value: ${probe.successThreshold}: must be 1`,
        });
      }
    }
  });
  if (spec.containers.length === 0) causes.push({ field: `${path}.containers`, message: 'Required value' });
  return causes;
}
