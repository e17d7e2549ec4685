import type { KubeletTimings } from './kubelet/container.ts';
import type { Balancing } from './network/choice.ts';
import type { ProxyTimings } from './network/node-proxy.ts';
import type { DeadAddress } from './network/pod-network.ts';

/** Everything that can be set about a sandbox. */
export interface SandboxOptions {
  /** Nodes, the control plane included; as in kind the control plane takes no ordinary pods where there are others. */
  readonly nodes: number;
  /** Repeats every choice that the sandbox draws: names, node ports, endpoints. */
  readonly seed: number;
  /** How a node's balancer picks the endpoint of a new connection. */
  readonly balancing: Balancing;
  /** What happens to traffic for a pod that is gone while balancers still send to it. */
  readonly deadAddress: DeadAddress;
  /** How long a change takes to reach a controller of the control plane. */
  readonly controllerLatencyMs: number;
  /** How long an unreachable node counts as ready. */
  readonly nodeGraceMs: number;
  /** How long starting and stopping take; `KubeletTimings` says from what to what each delay lasts. */
  readonly kubelet: KubeletTimings;
  /** How late a node's balancer follows; `ProxyTimings` says from what to what each delay lasts. */
  readonly proxy: ProxyTimings;
}

/** As near to kind as was measured; docs/sandbox.md says how. */
export const DEFAULT_OPTIONS: SandboxOptions = {
  nodes: 2,
  seed: 1,
  balancing: 'random',
  deadAddress: 'black-hole',
  controllerLatencyMs: 5,
  nodeGraceMs: 40_000,
  kubelet: {
    reactionMs: 10,
    podSetupMs: 450,
    containerStartMs: 100,
    podTeardownMs: 100,
    podRemovalMs: 700,
    backOffMs: 10_000,
    maxBackOffMs: 300_000,
  },
  proxy: { propagationMs: 2, syncMs: 25, minSyncPeriodMs: 1_000 },
};
