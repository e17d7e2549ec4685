import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { Exec, type KubeConfig, type V1Status } from '@kubernetes/client-node';
import { EnvironmentError } from '../../model/problem.ts';
import { kubeRequest } from '../../platform/kube-request.ts';
import type { ProberProcess } from '../prober-process.ts';
import { NODE_FLAGS } from './node-flags.ts';
import {
  createProberPod,
  deleteObject,
  PROBER_CONTAINER,
  PROBER_LABELS,
  proberObjectName,
} from './prober-pod.ts';
import type { Vantage } from './vantage.ts';

export interface StockPodOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  /** An image with `node` in its path, 22 or later. */
  readonly image: string;
  /** Path of the prober's bundle. */
  readonly program: string;
  readonly signal?: AbortSignal | undefined;
}

/** As module, whatever the image's version of Node thinks of other extensions. */
const PROGRAM_FILE = 'prober.mjs';

/**
 * A pod from a stock Node image, for clusters whose nodes are out of reach. The prober comes in a ConfigMap and is
 * started by exec; a connection to the API server that breaks ends it. Throws EnvironmentError where the pod does
 * not run.
 */
export async function stockPodVantage(options: StockPodOptions): Promise<Vantage> {
  const { kubeConfig, namespace, image, program, signal } = options;
  const name = proberObjectName();
  const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
  const removeProgram = () => deleteObject(kubeConfig, `${configMaps}/${name}`);
  await kubeRequest(kubeConfig, {
    path: configMaps,
    method: 'POST',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: PROBER_LABELS },
      data: { [PROGRAM_FILE]: await readFile(program, 'utf8') },
    },
    signal,
  });
  try {
    const pod = await createProberPod({
      kubeConfig,
      namespace,
      name,
      image,
      requests: { cpu: '100m', memory: '64Mi' },
      command: ['node', '--eval', 'setInterval(() => {}, 2 ** 30)'],
      configMap: name,
      signal,
    });
    return {
      sourceAddress: pod.address,
      launch: () => launch(kubeConfig, namespace, name),
      async [Symbol.asyncDispose]() {
        await pod[Symbol.asyncDispose]();
        await removeProgram();
      },
    };
  } catch (error) {
    await removeProgram();
    throw error;
  }
}

/** What is used of the client library's socket, whose types are those of a package that is not ours. */
interface ExecSocket {
  onclose: ((event: never) => void) | null;
  /** Breaks the connection at once. */
  terminate(): void;
}

async function launch(kubeConfig: KubeConfig, namespace: string, pod: string): Promise<ProberProcess> {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let exitCode: number | undefined;
  const command = ['node', ...NODE_FLAGS, `/rollproof/${PROGRAM_FILE}`];
  const onStatus = (status: V1Status) => {
    exitCode = exitCodeOf(status);
  };
  const exec = new Exec(kubeConfig).exec(
    namespace,
    pod,
    PROBER_CONTAINER,
    command,
    stdout,
    stderr,
    stdin,
    false,
    onStatus,
  );
  const socket: ExecSocket = await exec.catch((cause) => {
    throw new EnvironmentError(
      {
        code: 'RP2305',
        what: `The prober could not be started in the pod ${namespace}/${pod}.`,
        why: cause instanceof Error ? cause.message : String(cause.message ?? cause),
        remedy: 'See that your kubeconfig may `create` `pods/exec` in this namespace.',
      },
      { cause },
    );
  });
  const ended = new Promise<Awaited<ProberProcess['ended']>>((resolve) => {
    socket.onclose = () => {
      stdout.end();
      stderr.end();
      resolve({ exitCode, signal: undefined });
    };
  });
  // A broken connection closes stdin on the other side, and the prober ends with it.
  return { stdin, stdout, stderr, ended, kill: () => socket.terminate() };
}

function exitCodeOf(status: V1Status): number | undefined {
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  return cause?.message === undefined ? undefined : Number(cause.message);
}
