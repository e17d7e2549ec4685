import type { RolledControlWhen } from './plan.ts';
import type { Amplified } from './recording.ts';
import type { Measure, Vantage } from './scenario.ts';

/** What the user said, checked and with defaults filled in, but with nothing inferred from the manifests yet. */
export interface Settings {
  readonly cluster: ClusterSettings;
  readonly scenarios: readonly ScenarioSettings[];
  /** How many scenarios may run at the same time. */
  readonly parallel: number | 'auto';
  readonly report: ReportSettings;
}

export interface ClusterSettings {
  readonly provider: 'kind' | 'existing' | 'sandbox';
  /** Nobody asked for the sandbox by name: it stands in for a kind that is not to be had. */
  readonly fallback?: boolean;
  /** kubeconfig context; `existing` only. */
  readonly context?: string;
  /** Path of the kubeconfig; `existing` only; default: KUBECONFIG or ~/.kube/config. */
  readonly kubeconfig?: string;
  /** `kindnet`, `calico`, `flannel`, `cilium`, or the path of a manifest. */
  readonly cni: string;
  /** Local file used instead of the named CNI's download. */
  readonly cniManifest?: string;
  /** Folder with CNI plugin binaries (`bridge`, …) that are copied to the nodes. */
  readonly cniPlugins?: string;
  readonly kubeProxyMode: 'iptables' | 'nftables' | 'ipvs';
  /** Number of kind nodes, control plane included. */
  readonly nodes: number;
  readonly nodeImage?: string;
  readonly kubernetesVersion?: string;
  /** Path of the user's kind configuration, merged over ours. */
  readonly kindConfig?: string;
  /** Images of the user's to load into the nodes. */
  readonly images: readonly string[];
  /** What is made worse so that races show; never `existing`. */
  readonly amplify?: Amplified;
  /** Leave the cluster running at the end. */
  readonly keep: boolean;
  /** Image of the prober's pod in an existing cluster. */
  readonly proberImage: string;
}

/** A scenario as the user wrote it: what is absent is inferred by the plan. */
export interface ScenarioSettings extends Measure {
  /** Files, folders, globs, kustomizations, or `-`. */
  readonly manifests: readonly string[];
  readonly deployment?: string;
  /** `service/<name>[:port]`, or `<name>[:port]`; may carry `#node-port`, `#cluster-ip` or `#host-port`. */
  readonly target?: string;
  readonly path?: string;
  readonly vantage?: Vantage;
  readonly repeat: number;
  /** How often a suggestion is tried; absent: not at all. */
  readonly tryFixRuns?: number;
  readonly sensitivity?: true;
  readonly rolledControl?: RolledControlWhen;
  readonly repeatAll?: true;
}

/**
 * Where the settings of a scenario were written, by the name that they have in the config file: `file:line:column`, or
 * how their input is called. What nobody wrote is not in it.
 */
export type SettingPlaces = Readonly<Record<string, string>>;

export interface ReportSettings {
  /** Folder for result.json, report.md, report.html, recordings, ... */
  readonly outputDir: string;
  readonly comment: 'always' | 'on-failure' | 'never';
  /** Tells several gates on one pull request apart; absent: derived from workflow, job and CNI. */
  readonly commentKey?: string;
  /** Say what the manifests alone show, and what the run says of it. */
  readonly check: boolean;
  /** Verdicts that fail the job. `[]` (written `never`) reports only. */
  readonly failOn: readonly ('dropped' | 'inconclusive' | 'rollout-failed' | 'error')[];
  /** Where metrics of the result are sent, over UDP. */
  readonly statsd?: { readonly host: string; readonly port: number };
  readonly githubToken?: string;
}
