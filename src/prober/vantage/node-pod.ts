import type { KubeConfig } from '@kubernetes/client-node';
import type { NodeShell } from '../../cluster/cluster-provider.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { installNodeRuntime, installProgram } from './node-runtime.ts';
import { createProberPod, proberObjectName } from './prober-pod.ts';
import { MAKE_REAL_TIME } from './real-time.ts';
import type { Vantage } from './vantage.ts';

export interface NodePodOptions {
  readonly kubeConfig: KubeConfig;
  readonly nodeShell: NodeShell;
  readonly namespace: string;
  /** Name of the kind node the pod stands on. */
  readonly node: string;
  /** An image that sleeps and is on the node already. */
  readonly pauseImage: string;
  /** Path of the prober's bundle. */
  readonly program: string;
  readonly signal?: AbortSignal | undefined;
}

/** The user that owns nothing. */
const NOBODY = '65534';

/**
 * Leaves the process's number in a file ($0) and becomes the program ($@). The session goes first in line, as the
 * program itself will: nobody can not ask for that either. Kernels that do not group by session have no such file.
 */
const LAUNCH = 'echo $$ > "$0"; { echo -20 > /proc/self/autogroup; } 2> /dev/null; exec "$@"';

/** The same for the process whose number a file ($0) holds. */
const HURRY = `${MAKE_REAL_TIME.join(' ')} "$(cat "$0")"`;

/** Kills the process whose number a file ($0) holds, if it still is the one that runs our program ($1). */
const KILL = 'pid=$(cat "$0") && grep -qaF "$1" "/proc/$pid/cmdline" && kill -KILL "$pid"; rm -f "$0"';

/**
 * A pod's network namespace in a kind cluster, without an image to pull: the pod only sleeps, and a Node binary that
 * was copied into the node enters its network namespace. Throws EnvironmentError where the pod does not run.
 */
export async function nodePodVantage(options: NodePodOptions): Promise<Vantage> {
  const { kubeConfig, nodeShell, namespace, node, pauseImage, program, signal } = options;
  const pod = await createProberPod({
    kubeConfig,
    namespace,
    name: proberObjectName(),
    image: pauseImage,
    node,
    // The prober's own work is done outside the pod's control group.
    requests: { cpu: '1m', memory: '8Mi' },
    signal,
  });
  try {
    const runtime = await installNodeRuntime(nodeShell, node);
    const programThere = await installProgram(nodeShell, node, program);
    const inspection = ['crictl', 'inspect', '--output', 'go-template', '--template', '{{.info.pid}}'];
    const pid = (await nodeShell.run(node, [...inspection, pod.containerId])).trim();
    const asNobody = [
      'setpriv',
      `--reuid=${NOBODY}`,
      `--regid=${NOBODY}`,
      '--clear-groups',
      '--no-new-privs',
    ];
    const prober = [
      // Asked for while it still may: nobody can not go first in line.
      ...['nice', '-n', '-20'],
      'nsenter',
      `--net=/proc/${pid}/ns/net`,
      '--',
      ...asNobody,
      '--',
      ...runtime,
      ...NODE_FLAGS,
      programThere,
    ];
    let launches = 0;

    return {
      sourceAddress: pod.address,
      async launch() {
        // Ending `docker exec` ends nothing in the node. The prober ends with its stdin; a stopped one can not see
        // that, and is killed by the number it left.
        const pidFile = `/run/${pod.name}-${launches++}.pid`;
        const child = nodeShell.spawn(node, ['sh', '-c', LAUNCH, pidFile, ...prober]);
        const killThere = () =>
          nodeShell.run(node, ['sh', '-c', KILL, pidFile, programThere]).catch(() => {});
        return {
          ...child,
          async makeRealTime() {
            await nodeShell.run(node, ['sh', '-c', HURRY, pidFile]).catch(() => {});
          },
          kill(signal) {
            if (signal === 'SIGKILL') void killThere().finally(() => child.kill(signal));
            else child.kill(signal);
          },
        };
      },
      [Symbol.asyncDispose]: () => pod[Symbol.asyncDispose](),
    };
  } catch (error) {
    await pod[Symbol.asyncDispose]();
    throw error;
  }
}
