import type { KubeConfig } from '@kubernetes/client-node';
import type { Environment } from '../model/recording.ts';
import type { ClusterSettings } from '../model/settings.ts';
import type { RunningProcess } from '../platform/process.ts';

/** Gets a cluster that is ready for work. The two real ones are `kind` and `existing`; `sandbox` stands in for one. */
export interface ClusterProvider {
  /**
   * Resolves once nodes, CNI, DNS and a Service answer. Throws EnvironmentError with the remedy otherwise, after
   * having removed whatever it had created.
   */
  acquire(settings: ClusterSettings, context: AcquireContext): Promise<Cluster>;
}

export interface AcquireContext {
  readonly signal: AbortSignal;
  /** One line of progress for people: `control plane is up`. */
  progress(line: string): void;
  /** Folder for the kubeconfig and what is only needed meanwhile; exists. */
  readonly workDir: string;
  /** Folder for the logs of a cluster that does not come up, which is gone when `acquire` throws; made when needed. */
  readonly logsDir: string;
  /** Images that the manifests name: those that this machine's Docker has are loaded, the others left to the nodes. */
  readonly imagesIfPresent: readonly string[];
  /**
   * Told the cluster's name immediately before the first part of it is created, so that someone else can remove it
   * should this process be killed (`removeCluster`). Not called where nothing is created.
   */
  onCreating?(name: string): void;
}

export interface Cluster extends AsyncDisposable {
  readonly provider: 'kind' | 'existing' | 'sandbox';
  readonly name: string;
  readonly kubeConfig: KubeConfig;
  /** Path of a kubeconfig file for child processes (mode 0600). */
  readonly kubeconfigPath: string;
  readonly nodes: readonly ClusterNode[];
  readonly environment: Environment;
  /** Image that serves HTTP and is on every node already, for the steady control; undefined: use the prober image. */
  readonly coreDnsImage?: string;
  /** Image of a pod that only sleeps, on every node already; undefined: use the prober image. */
  readonly pauseImage?: string;
  /** Runs a program on a node (kind only); undefined where nodes are out of reach. */
  readonly nodeShell?: NodeShell;
  /** Present where nodes and pods are processes and addresses of this machine (sandbox only). */
  readonly loopback?: LoopbackCluster;
  /** Saves nodes' and pods' logs for a failed run; never throws. */
  collectLogs(directory: string): Promise<void>;
  /** Removes what acquire created, and only that; idempotent. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ClusterNode {
  readonly name: string;
  /** Address at which this machine and the pods reach the node. */
  readonly address: string;
  readonly controlPlane: boolean;
  readonly schedulable: boolean;
}

/** A cluster without containers: whoever stands "in" it is a process here with a loopback address of its own. */
export interface LoopbackCluster {
  /** The address that requests from outside the cluster come from. */
  readonly runnerAddress: string;
  /** The port of this machine that a port of a Service or a node is: not the same where only root may listen on it. */
  portOnHost(port: number): number;
  /** Tells every new connection that a node sends to a pod, until the function returned is called. */
  observeConnections(observer: (connection: LoopbackConnection) => void): () => void;
}

/** What a real node's connection tracking would show. */
export interface LoopbackConnection {
  readonly node: string;
  readonly destination: string;
  readonly destinationPort: number;
  readonly sourcePort: number;
  /** Address of the pod it was sent to. */
  readonly answeredBy: string;
}

export interface NodeShell {
  /** Runs to the end and gives what it printed; throws when it exits non-zero. */
  run(node: string, argv: readonly string[]): Promise<string>;
  /**
   * Starts a program with piped stdio. Whatever ends the connection to it, our own death included, ends its stdin and
   * nothing else: the program must end by that. `kill` ends the connection, not the program.
   */
  spawn(node: string, argv: readonly string[]): RunningProcess;
  /** Copies a file; its folder there must exist, and not be below /tmp or /run (memory that a copy does not reach). */
  copyTo(node: string, localPath: string, nodePath: string): Promise<void>;
}
