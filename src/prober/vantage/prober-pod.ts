import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { OUR_LABEL } from '../../model/our-objects.ts';
import { EnvironmentError } from '../../model/problem.ts';
import type { KubePod } from '../../platform/kube-objects.ts';
import { KubeApiError, kubeRequest } from '../../platform/kube-request.ts';

/** Where a pod of ours goes, and what runs in it. */
export interface ProberPodSpec {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly image: string;
  /** The node it has to be on; absent: the scheduler's choice. */
  readonly node?: string;
  /** CPU and memory that are reserved for it. There are no limits: a CPU limit stops a process for 100 ms at a time. */
  readonly requests: { readonly cpu: string; readonly memory: string };
  /** Absent: what the image runs by itself. */
  readonly command?: readonly string[];
  /** Name of a ConfigMap that is mounted at `/rollproof`. */
  readonly configMap?: string;
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
}

/** A pod of ours that runs. Disposing it deletes the pod. */
export interface ProberPod extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
  /** As the container runtime knows it, without its scheme. */
  readonly containerId: string;
}

export const PROBER_CONTAINER = 'prober';

const START_LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 200;
/** A pod whose gate was killed goes away by itself. */
const LIFE_LIMIT_S = 6 * 60 * 60;

export const PROBER_LABELS = {
  ...OUR_LABEL,
  'app.kubernetes.io/component': 'prober',
} as const;

/** A name for objects of one prober, different every time. */
export function proberObjectName(): string {
  return `rollproof-prober-${randomBytes(4).toString('hex')}`;
}

/** Creates the pod and waits until it runs. Throws EnvironmentError where it does not; it is deleted then. */
export async function createProberPod(spec: ProberPodSpec): Promise<ProberPod> {
  const { kubeConfig, namespace, name, signal } = spec;
  const collection = `/api/v1/namespaces/${namespace}/pods`;
  const remove = () => deleteObject(kubeConfig, `${collection}/${name}`);
  try {
    await kubeRequest(kubeConfig, {
      path: collection,
      method: 'POST',
      body: podManifest(spec),
      signal,
    });
    return { name, ...(await running(spec, `${collection}/${name}`)), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    if (!(error instanceof KubeApiError)) throw error;
    throw podProblem(spec, error.message, error);
  }
}

/** Deletes an object at once. Never throws: the namespace it is in goes away as well. */
export async function deleteObject(kubeConfig: KubeConfig, path: string): Promise<void> {
  await kubeRequest(kubeConfig, { path, method: 'DELETE', query: { gracePeriodSeconds: '0' } }).catch(
    () => {},
  );
}

async function running(
  spec: ProberPodSpec,
  path: string,
): Promise<{ readonly address: string; readonly containerId: string }> {
  const { kubeConfig, signal } = spec;
  const giveUpAt = performance.now() + START_LIMIT_MS;
  for (;;) {
    const pod = await kubeRequest<ProberPodStatus>(kubeConfig, { path, signal });
    const container = pod.status?.containerStatuses?.[0];
    const address = pod.status?.podIP;
    if (address && container?.containerID && container.state?.running) {
      return { address, containerId: container.containerID.replace(/^.*:\/\//, '') };
    }
    const failed = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
    const waiting = container?.state?.waiting;
    const hopeless =
      failed || /^(ErrImage|ImagePull|InvalidImage|CreateContainer)/.test(waiting?.reason ?? '');
    if (hopeless || performance.now() > giveUpAt) {
      const why = [pod.status?.reason ?? waiting?.reason, pod.status?.message ?? waiting?.message];
      throw podProblem(
        spec,
        why.filter(Boolean).join(': ') || `it did not run after ${START_LIMIT_MS / 1000} s`,
      );
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

type ProberPodStatus = KubePod & {
  readonly status?: {
    readonly message?: string;
    readonly containerStatuses?: readonly {
      readonly containerID?: string;
      readonly state?: {
        readonly running?: object;
        readonly waiting?: { readonly reason?: string; readonly message?: string };
      };
    }[];
  };
};

function podProblem(spec: ProberPodSpec, why: string, cause?: unknown): EnvironmentError {
  return new EnvironmentError(
    {
      code: 'RP2303',
      what: `The prober's pod ${spec.namespace}/${spec.name} (image ${spec.image}) does not run.`,
      why,
      remedy: 'See that the cluster can run a small pod of this image; `prober-image` names another one.',
    },
    { cause },
  );
}

function podManifest({ name, image, node, requests, command, configMap }: ProberPodSpec) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: PROBER_LABELS },
    spec: {
      // Named, not selected: a control plane's taints keep the scheduler away, not a pod that is there already.
      ...(node === undefined ? {} : { nodeName: node, tolerations: [{ operator: 'Exists' }] }),
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      activeDeadlineSeconds: LIFE_LIMIT_S,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65_534,
        runAsGroup: 65_534,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: PROBER_CONTAINER,
          image,
          imagePullPolicy: 'IfNotPresent',
          ...(command ? { command } : {}),
          resources: { requests },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          ...(configMap
            ? { volumeMounts: [{ name: 'program', mountPath: '/rollproof', readOnly: true }] }
            : {}),
        },
      ],
      ...(configMap ? { volumes: [{ name: 'program', configMap: { name: configMap } }] } : {}),
    },
  };
}
