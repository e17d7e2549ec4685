import type { KubeConfig } from '@kubernetes/client-node';
import { createProberPod, proberObjectName } from './prober-pod.ts';
import { runnerVantage } from './runner.ts';
import type { Vantage } from './vantage.ts';

export interface LoopbackPodOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  /** Name of the node the pod stands on. */
  readonly node: string;
  /** An image that sleeps. */
  readonly pauseImage: string;
  /** Path of the prober's bundle. */
  readonly program: string;
  readonly signal?: AbortSignal;
}

/**
 * A pod of a cluster whose pods are processes of this machine: the pod holds an address, and the prober is a child
 * process that sends from it. Throws EnvironmentError where the pod does not run.
 */
export async function loopbackPodVantage(options: LoopbackPodOptions): Promise<Vantage> {
  const { kubeConfig, namespace, node, pauseImage, program, signal } = options;
  const pod = await createProberPod({
    kubeConfig,
    namespace,
    name: proberObjectName(),
    image: pauseImage,
    node,
    requests: { cpu: '1m', memory: '8Mi' },
    ...(signal ? { signal } : {}),
  });
  return { ...runnerVantage(program, pod.address), [Symbol.asyncDispose]: () => pod[Symbol.asyncDispose]() };
}
