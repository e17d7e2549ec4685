import { randomBytes } from 'node:crypto';
import type { Cluster } from '../cluster/cluster-provider.ts';
import type { Scenario } from '../model/scenario.ts';
import type { SourcePortRange } from '../prober/protocol.ts';
import { loopbackPodVantage } from '../prober/vantage/loopback-pod.ts';
import { nodePodVantage } from '../prober/vantage/node-pod.ts';
import { runnerVantage } from '../prober/vantage/runner.ts';
import { stockPodVantage } from '../prober/vantage/stock-pod.ts';
import type { Vantage } from '../prober/vantage/vantage.ts';
import { createNamespace, removeNamespace } from '../workload/namespace.ts';
import { deploySteadyControl, type SteadyControl } from '../workload/steady-control.ts';
import { OWNED_PORTS, POD_PROBE_PORTS, SourcePortMemory } from './source-port-budget.ts';

/** A vantage with the memory of which source ports were used from it. */
export interface PlacedVantage {
  readonly vantage: Vantage;
  /** The node whose connection tracking sees the probes leave; undefined where they leave from this machine. */
  readonly node: string | undefined;
  readonly ports: SourcePortMemory;
  /** Those of requests to pods' own addresses. */
  readonly podPorts: SourcePortMemory;
}

/**
 * What scenarios on one cluster share: vantages and steady controls. Those that run at the same time stand in different
 * lanes: each lane has controls of its own, so that no two probers use the same source port towards one. Each is made when it is first asked for, lives in
 * a namespace of our own, and goes with the others when this is disposed.
 */
export interface SharedPlaces extends AsyncDisposable {
  /** Image with Node in it, for clusters of which it is not known what images their nodes have. */
  readonly proberImage: string;
  /** `lane`: 0-based; where nothing else runs it is 0. */
  vantage(scenario: Pick<Scenario, 'vantage'>, lane: number): Promise<PlacedVantage>;
  steadyControl(scenario: Scenario, entryNode: string | undefined, lane: number): Promise<SteadyControl>;
}

export interface SharedPlacesOptions {
  readonly cluster: Cluster;
  /** Path of the prober's bundle. */
  readonly proberProgram: string;
  readonly proberImage: string;
  readonly signal: AbortSignal;
}

/** Nothing is created yet. */
export function sharedPlaces(options: SharedPlacesOptions): SharedPlaces {
  const { cluster, signal } = options;
  const stack = new AsyncDisposableStack();
  const made = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, make: () => Promise<T>): Promise<T> => {
    const promise = (made.get(key) as Promise<T> | undefined) ?? make();
    made.set(key, promise);
    return promise;
  };
  const namespace = (purpose: string) =>
    once(`namespace ${purpose}`, async () => {
      const name = `rollproof-${purpose}-${randomBytes(3).toString('hex')}`;
      await createNamespace({ kubeConfig: cluster.kubeConfig, namespace: name, signal });
      stack.defer(async () => {
        // Our own cluster goes as a whole.
        if (cluster.provider !== 'existing') return;
        await removeNamespace({ kubeConfig: cluster.kubeConfig, namespace: name, timeoutMs: 30_000 });
      });
      return name;
    });

  return {
    proberImage: options.proberImage,
    async vantage(scenario, lane) {
      const place = await once(`vantage ${scenario.vantage}`, async () => {
        if (scenario.vantage === 'runner') {
          const vantage = runnerVantage(options.proberProgram, cluster.loopback?.runnerAddress);
          return { vantage, node: undefined };
        }
        const { vantage, node } = await podVantage(options, await namespace('prober'));
        stack.use(vantage);
        return { vantage, node };
      });
      const ports = await once(
        `ports ${scenario.vantage} ${lane}`,
        async () => new SourcePortMemory(portsOf(lane)),
      );
      const podPorts = await once(
        `pod ports ${scenario.vantage}`,
        async () => new SourcePortMemory(POD_PROBE_PORTS),
      );
      return { ...place, ports, podPorts };
    },
    steadyControl(scenario, entryNode, lane) {
      const among = lane === 0 ? '' : `-${lane}`;
      const purpose =
        scenario.target === 'host-port'
          ? `steady-${scenario.target}-${entryNode}`
          : `steady-${scenario.target}${among}`;
      return once(purpose, async () =>
        deploySteadyControl({
          cluster,
          namespace: await namespace(purpose.slice(0, 40)),
          target: scenario.target,
          ...(entryNode === undefined ? {} : { entryNode }),
          proberImage: options.proberImage,
          signal,
        }),
      );
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Lanes begin far apart, so that requests at the same time come from different ports wherever they go. */
function portsOf(lane: number): SourcePortRange {
  const { first, last } = OWNED_PORTS;
  return { ...OWNED_PORTS, next: first + ((lane * LANE_PORTS) % (last - first + 1)) };
}

const LANE_PORTS = 12_000;

async function podVantage(
  { cluster, proberProgram, proberImage, signal }: SharedPlacesOptions,
  namespace: string,
): Promise<{ readonly vantage: Vantage; readonly node: string | undefined }> {
  const common = { kubeConfig: cluster.kubeConfig, namespace, program: proberProgram, signal };
  const { nodeShell, pauseImage } = cluster;
  // The control plane has other work to do.
  const node = cluster.nodes.find(({ controlPlane }) => !controlPlane) ?? cluster.nodes[0];
  if (cluster.loopback && pauseImage && node) {
    return { vantage: await loopbackPodVantage({ ...common, pauseImage, node: node.name }), node: node.name };
  }
  if (nodeShell && pauseImage && node) {
    return {
      vantage: await nodePodVantage({ ...common, nodeShell, pauseImage, node: node.name }),
      node: node.name,
    };
  }
  return { vantage: await stockPodVantage({ ...common, image: proberImage }), node: undefined };
}
