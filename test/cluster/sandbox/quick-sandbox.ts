import { KubeConfig } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../../src/cluster/sandbox/api/objects.ts';
import { DEPLOYMENTS, type Resource } from '../../../src/cluster/sandbox/api/resources.ts';
import { type PartialSandboxOptions, Sandbox } from '../../../src/cluster/sandbox/sandbox.ts';

/** Every delay of the kubelet and the balancers cut down to what the test is about. */
export const QUICK: PartialSandboxOptions = {
  controllerLatencyMs: 1,
  deadAddress: 'refused',
  kubelet: {
    reactionMs: 1,
    podSetupMs: 1,
    containerStartMs: 1,
    podTeardownMs: 1,
    podRemovalMs: 1,
    backOffMs: 50,
    maxBackOffMs: 200,
  },
  proxy: { propagationMs: 1, syncMs: 1, minSyncPeriodMs: 1 },
};

/** A sandbox that ends with the test's `await using`. */
export async function quickSandbox(options: PartialSandboxOptions = {}): Promise<Sandbox & AsyncDisposable> {
  const sandbox = await Sandbox.start({ ...QUICK, ...options });
  return Object.assign(sandbox, { [Symbol.asyncDispose]: () => sandbox.close() });
}

/** A test that starts sandboxes; they end with it, and nothing may have gone wrong inside of them. */
export const testWithSandboxes = test.extend(
  'startSandbox',
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs.
  ({}, { onCleanup }) => {
    const started: Sandbox[] = [];
    onCleanup(async () => {
      for (const sandbox of started) await sandbox.close();
      expect(started.flatMap(({ complaints }) => complaints)).toEqual([]);
    });
    return async (options: PartialSandboxOptions = {}): Promise<Sandbox> => {
      const sandbox = await Sandbox.start({ ...QUICK, ...options });
      started.push(sandbox);
      return sandbox;
    };
  },
);

/** A client's configuration for a sandbox. */
export function kubeConfigOf(sandbox: Sandbox): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser(
    { name: 'sandbox', server: sandbox.apiUrl, skipTLSVerify: true },
    { name: 'sandbox' },
  );
  return kubeConfig;
}

/** Resolves with the first object for which the check holds, now or after any later change. */
export function until<T extends KubeObject>(
  sandbox: Sandbox,
  resource: Resource<T>,
  check: (object: T) => boolean,
  limitMs = 10_000,
): Promise<T> {
  const { store } = sandbox.api;
  return new Promise((resolve, reject) => {
    const look = () => {
      const found = store.list(resource).find(check);
      if (!found) return;
      unsubscribe();
      clearTimeout(limit);
      resolve(found);
    };
    const unsubscribe = store.subscribe(look);
    const limit = setTimeout(() => {
      unsubscribe();
      reject(
        new Error(
          `no ${resource.kind} came to be as expected within ${limitMs} ms: ${JSON.stringify(store.list(resource), null, 1)}`,
        ),
      );
    }, limitMs);
    look();
  });
}

/** Resolves once the check holds, looked at after every change of anything. */
export function untilTrue(sandbox: Sandbox, check: () => boolean, limitMs = 10_000): Promise<void> {
  const { store } = sandbox.api;
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!check()) return;
      unsubscribe();
      clearTimeout(limit);
      resolve();
    };
    const unsubscribe = store.subscribe(look);
    const limit = setTimeout(() => {
      unsubscribe();
      reject(new Error(`it did not come true within ${limitMs} ms`));
    }, limitMs);
    look();
  });
}

/** Does something once a Deployment has been updated for the first time, and before the control plane has followed. */
export function onceUpdated(sandbox: Sandbox, deployment: string, then: () => void): void {
  const unsubscribe = sandbox.api.store.subscribe(({ resource, object: { metadata } }) => {
    if (resource !== DEPLOYMENTS || metadata.name !== deployment || metadata.generation !== 2) return;
    unsubscribe();
    // Not from within the write itself.
    queueMicrotask(then);
  });
}

/** A Deployment of one container. */
export function deployment(spec: {
  readonly image?: string;
  readonly replicas?: number;
  readonly container?: object;
  readonly pod?: object;
  readonly deployment?: object;
}) {
  const labels = { app: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: spec.replicas ?? 1,
      selector: { matchLabels: labels },
      ...spec.deployment,
      template: {
        metadata: { labels },
        spec: {
          ...spec.pod,
          containers: [
            {
              name: 'web',
              image: spec.image ?? 'rollproof/sample:1',
              ports: [{ name: 'http', containerPort: 8080 }],
              ...spec.container,
            },
          ],
        },
      },
    },
  };
}

/** The Service in front of it. */
export function service(spec: object = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      type: 'NodePort',
      selector: { app: 'web' },
      ports: [{ port: 8080, targetPort: 'http' }],
      ...spec,
    },
  };
}

export const READY_PROBE = { readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 } };
