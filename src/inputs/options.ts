import type { z } from 'zod';
import { MAX_REPEAT } from '../model/scenario.ts';
import * as values from './values.ts';

/** How an input is written where everything is text: on a command line and in `with:` of a workflow. */
export type InputForm =
  /** As it stands. */
  | 'text'
  | 'number'
  /** `true` or `false`; on the command line its presence. */
  | 'flag'
  /** `true` or `false` everywhere: what is on where nothing is said. */
  | 'switch'
  /** One item a line; on the command line several words, or the option several times. */
  | 'lines'
  /** The same, and commas separate as well, because no item can hold one. */
  | 'words';

/** One thing that can be said to Rollproof, by whatever face. */
export interface InputOption<T = unknown> {
  readonly value: values.Value<T>;
  readonly form: InputForm;
  /** Flags of the command line where they are not `--<name>`. */
  readonly short?: string;
  readonly long?: string;
  /** What stands for the value in the help text: `path`, `n`. */
  readonly placeholder?: string;
  /** Where it stands in the config file; absent: it can only be an input. */
  readonly configPath?: readonly [section: string, key: string] | readonly [key: string];
  /** May a scenario of the config file have its own? */
  readonly perScenario?: true;
  /** Names files, and so counts from the folder of what names it. */
  readonly isPath?: true;
  /** For docs only: the default where there is one. No face sets it, it would override the config file. */
  readonly shownDefault?: string;
  readonly description: string;
}

function option<T>(spec: InputOption<T>): InputOption<T> {
  return spec;
}

/** The named CNIs. Anything else is the path of a manifest. */
export const CNIS = ['kindnet', 'calico', 'flannel', 'cilium'] as const;

/**
 * Every input, once: action.yml, the options of the command line, the keys of the config file and the table in the
 * README are this table in other clothes.
 */
export const INPUT_OPTIONS = {
  manifests: option({
    value: values.list('files, folders, globs or kustomizations, one per item'),
    form: 'lines',
    short: '-f',
    placeholder: 'path',
    configPath: ['app', 'manifests'],
    perScenario: true,
    isPath: true,
    description: 'What to deploy: files, folders, globs, kustomizations, or - for standard input.',
  }),
  config: option({
    value: values.text({ expects: 'the path of a file' }),
    form: 'text',
    short: '-c',
    placeholder: 'file',
    shownDefault: '.github/rollproof.yml',
    description: 'Config file. Inputs win over it.',
  }),
  'working-directory': option({
    value: values.text({ expects: 'the path of a folder' }),
    form: 'text',
    placeholder: 'folder',
    shownDefault: 'the current folder',
    description: 'Folder that paths in inputs count from.',
  }),
  cluster: option({
    value: values.choice(['kind', 'sandbox']),
    form: 'text',
    placeholder: 'kind|sandbox',
    configPath: ['cluster', 'provider'],
    shownDefault: 'kind',
    description:
      'What to run on: kind, or sandbox, a stand-in within Rollproof that needs no Docker and is no proof (docs/sandbox.md).',
  }),
  cni: option({
    value: values.text({ expects: `one of ${CNIS.join(', ')}, or the path of a manifest` }),
    form: 'text',
    placeholder: 'name|path',
    configPath: ['cluster', 'cni'],
    shownDefault: 'kindnet',
    description:
      'Pod network of the kind cluster: kindnet, calico, flannel, cilium, or the path of a manifest.',
  }),
  'cni-manifest': option({
    value: values.text({ expects: 'the path of a manifest' }),
    form: 'text',
    placeholder: 'path',
    configPath: ['cluster', 'cni-manifest'],
    isPath: true,
    description: "Local file to install the named CNI from, instead of its project's release.",
  }),
  'cni-plugins': option({
    value: values.text({ expects: 'the path of a folder' }),
    form: 'text',
    placeholder: 'folder',
    configPath: ['cluster', 'cni-plugins'],
    isPath: true,
    description: 'Folder with CNI plugin binaries for the nodes; Flannel needs `bridge`, which kind lacks.',
  }),
  'kube-proxy-mode': option({
    value: values.choice(['iptables', 'nftables', 'ipvs']),
    form: 'text',
    placeholder: 'mode',
    configPath: ['cluster', 'kube-proxy-mode'],
    shownDefault: 'iptables',
    description: 'How kube-proxy forwards: iptables, nftables or ipvs.',
  }),
  nodes: option({
    value: values.integer(1, 20),
    form: 'number',
    placeholder: 'n',
    configPath: ['cluster', 'nodes'],
    shownDefault: '2',
    description: 'Number of kind nodes, control plane included.',
  }),
  'node-image': option({
    value: values.text({ expects: 'an image reference' }),
    form: 'text',
    placeholder: 'image',
    configPath: ['cluster', 'node-image'],
    description: "Image of the kind nodes; default: the one of the installed kind's release.",
  }),
  'kubernetes-version': option({
    value: values.kubernetesVersion,
    form: 'text',
    placeholder: 'version',
    configPath: ['cluster', 'kubernetes-version'],
    description: "Kubernetes version of the kind nodes, such as 1.34; default: the installed kind's own.",
  }),
  'kind-config': option({
    value: values.text({ expects: 'the path of a file' }),
    form: 'text',
    placeholder: 'path',
    configPath: ['cluster', 'kind-config'],
    isPath: true,
    description: 'kind configuration, merged over the one Rollproof makes.',
  }),
  images: option({
    value: values.list('image references, one per item'),
    form: 'lines',
    placeholder: 'image',
    configPath: ['cluster', 'images'],
    description: 'Images of the local Docker to load into the nodes, such as one built in this job.',
  }),
  context: option({
    value: values.text({ maxLength: 253, expects: 'the name of a kubeconfig context' }),
    form: 'text',
    placeholder: 'name',
    configPath: ['cluster', 'context'],
    description: 'Use the existing cluster of this kubeconfig context instead of booting one.',
  }),
  kubeconfig: option({
    value: values.text({ expects: 'the path of a file' }),
    form: 'text',
    placeholder: 'path',
    configPath: ['cluster', 'kubeconfig'],
    isPath: true,
    shownDefault: '$KUBECONFIG or ~/.kube/config',
    description: 'kubeconfig that holds the context.',
  }),
  'prober-image': option({
    value: values.text({ expects: 'an image reference' }),
    form: 'text',
    placeholder: 'image',
    configPath: ['cluster', 'prober-image'],
    shownDefault: 'node:24-slim',
    description: "Image of the prober's pod in an existing cluster; it needs Node.js.",
  }),
  keep: option({
    value: values.flag,
    form: 'flag',
    configPath: ['cluster', 'keep'],
    shownDefault: 'false',
    description: 'Leave the kind cluster running at the end.',
  }),
  'amplify-propagation-delay': option({
    value: values.duration('100ms', '10s'),
    form: 'text',
    placeholder: 'duration',
    configPath: ['cluster', 'amplify-propagation-delay'],
    description:
      "Make races show: let kube-proxy follow changes of endpoints at most this often (its minSyncPeriod), so that the second of two changes reaches the nodes this late. Only in a cluster of Rollproof's own.",
  }),
  'amplify-cpu': option({
    value: values.integer(1, 64),
    form: 'number',
    placeholder: 'n',
    configPath: ['cluster', 'amplify-cpu'],
    description:
      'Make races show: run this many processes on each kind node that only keep a processor busy.',
  }),
  deployment: option({
    value: values.text({ maxLength: 253, expects: 'the name of a Deployment' }),
    form: 'text',
    placeholder: 'name',
    configPath: ['app', 'deployment'],
    perScenario: true,
    description: 'Deployment to update; default: the only one, or the only one behind a Service.',
  }),
  target: option({
    value: values.text({
      maxLength: 512,
      expects: 'service/<name>[:<port>], optionally with #node-port, #cluster-ip or #host-port',
    }),
    form: 'text',
    placeholder: 'service',
    configPath: ['app', 'target'],
    perScenario: true,
    description:
      'What to probe: service/<name>[:<port>], with #node-port, #cluster-ip or #host-port to say which way in; default: the Service of the Deployment.',
  }),
  path: option({
    value: values.text({ maxLength: 2048, expects: 'a request path such as /healthz' }),
    form: 'text',
    placeholder: 'path',
    configPath: ['app', 'path'],
    perScenario: true,
    description: "Request path; default: the readiness probe's, else /.",
  }),
  vantage: option({
    value: values.choice(['runner', 'pod']),
    form: 'text',
    placeholder: 'where',
    configPath: ['app', 'vantage'],
    perScenario: true,
    description:
      'Where the prober stands: runner (towards a node port) or pod (inside the cluster); default: what the type of the Service suggests.',
  }),
  update: option({
    value: values.update,
    form: 'text',
    placeholder: 'update',
    configPath: ['update'],
    perScenario: true,
    shownDefault: 'restart',
    description:
      'The change: restart, apply:<path>, apply:git:base (old version = merge base), image:<container>=<reference>, env:<name>=<value>, sequence:<name> (a number that goes up, into an environment variable), move (to another node), command:<command>.',
  }),
  protocol: option({
    value: values.choice(['http', 'https', 'h2', 'grpc', 'tcp', 'websocket', 'udp']),
    form: 'text',
    placeholder: 'name',
    configPath: ['probe', 'protocol'],
    perScenario: true,
    shownDefault: 'http',
    description: 'What the probes speak: http, https, h2, grpc, tcp, websocket or udp.',
  }),
  connection: option({
    value: values.choices(['new', 'keep-alive', 'idle-reuse', 'slow']),
    form: 'words',
    placeholder: 'mode',
    configPath: ['probe', 'connection'],
    perScenario: true,
    shownDefault: 'new, keep-alive',
    description:
      'Connections of the probes: new for every request, keep-alive, idle-reuse (kept ones that rest between requests), or slow (requests that take long, on new ones); several make a scenario each.',
  }),
  rate: option({
    value: values.number(1, 5000),
    form: 'number',
    placeholder: 'n',
    configPath: ['probe', 'rate'],
    perScenario: true,
    shownDefault: '100',
    description: 'Requests per second.',
  }),
  pacing: option({
    value: values.choice(['economy', 'precise']),
    form: 'text',
    placeholder: 'economy|precise',
    configPath: ['probe', 'pacing'],
    perScenario: true,
    shownDefault: 'economy',
    description:
      'How near to its instant each request is sent: economy (mostly within a millisecond, with little processor time) or precise (mostly within 0.3 ms, by keeping a processor busy).',
  }),
  connections: option({
    value: values.integer(1, 1000),
    form: 'number',
    placeholder: 'n',
    configPath: ['probe', 'connections'],
    perScenario: true,
    shownDefault: '10',
    description:
      'Number of kept-alive connections; of idle-reuse the most that may be open, by default as many as rate and idle need.',
  }),
  idle: option({
    value: values.duration('100ms', '10m'),
    form: 'text',
    placeholder: 'duration',
    configPath: ['probe', 'idle'],
    perScenario: true,
    shownDefault: '5s',
    description:
      'connection: idle-reuse: how long a connection rests before it is used again. Clients that keep connections for longer than the server does lose requests.',
  }),
  'slow-duration': option({
    value: values.duration('100ms', '10m'),
    form: 'text',
    placeholder: 'duration',
    configPath: ['probe', 'slow-duration'],
    perScenario: true,
    shownDefault: '3s',
    description:
      'connection: slow: how long the server is asked to take, so that requests are in flight when pods are told to end. The path says it as {ms} or {seconds}, or slow-header does. The timeout counts on top of it.',
  }),
  'slow-header': option({
    value: values.headerName,
    form: 'text',
    placeholder: 'name',
    configPath: ['probe', 'slow-header'],
    perScenario: true,
    description: 'connection: slow: header that carries slow-duration, in milliseconds.',
  }),
  timeout: option({
    value: values.duration('100ms', '60s'),
    form: 'text',
    placeholder: 'duration',
    configPath: ['probe', 'timeout'],
    perScenario: true,
    shownDefault: '5s',
    description: 'A request without a complete answer after this is dropped.',
  }),
  baseline: option({
    value: values.duration('1s', '10m'),
    form: 'text',
    placeholder: 'duration',
    configPath: ['probe', 'baseline'],
    perScenario: true,
    shownDefault: '5s',
    description: 'How long the unchanged workload is probed first.',
  }),
  tail: option({
    value: values.duration('1s', '10m'),
    form: 'text',
    placeholder: 'duration',
    configPath: ['probe', 'tail'],
    perScenario: true,
    shownDefault: '5s',
    description: 'How long probing goes on after the last old pod is gone.',
  }),
  'rollout-timeout': option({
    value: values.duration('10s', '30m'),
    form: 'text',
    placeholder: 'duration',
    configPath: ['probe', 'rollout-timeout'],
    perScenario: true,
    shownDefault: '5m',
    description: 'A rollout that is not over after this has failed.',
  }),
  repeat: option({
    value: values.integer(1, MAX_REPEAT),
    form: 'number',
    placeholder: 'n',
    configPath: ['probe', 'repeat'],
    perScenario: true,
    shownDefault: '1',
    description:
      'How often each scenario is run; a run that drops requests, or fails to roll out, is the last.',
  }),
  'repeat-all': option({
    value: values.flag,
    form: 'flag',
    configPath: ['probe', 'repeat-all'],
    perScenario: true,
    shownDefault: 'false',
    description: 'Make all runs of repeat, also after one that failed.',
  }),
  'try-fix': option({
    value: values.flag,
    form: 'flag',
    configPath: ['probe', 'try-fix'],
    perScenario: true,
    shownDefault: 'false',
    description:
      'Where requests were dropped, run the scenario again with what is suggested: only a change that passes every trial is called a fix. Nothing is written to the manifests, and the verdict stays that of yours.',
  }),
  'try-fix-runs': option({
    value: values.integer(1, 20),
    form: 'number',
    placeholder: 'n',
    configPath: ['probe', 'try-fix-runs'],
    perScenario: true,
    shownDefault: '3',
    description: 'How many trials in a row a suggested change has to pass.',
  }),
  sensitivity: option({
    value: values.flag,
    form: 'flag',
    configPath: ['probe', 'sensitivity'],
    perScenario: true,
    shownDefault: 'false',
    description:
      'Where nothing was dropped, run a deliberately bad twin (no preStop hook, 1 s to end), and say where it drops nothing, either.',
  }),
  'rolled-control': option({
    value: values.choice(['unexplained', 'dropped', 'never']),
    form: 'text',
    placeholder: 'unexplained|dropped|never',
    configPath: ['probe', 'rolled-control'],
    perScenario: true,
    shownDefault: 'unexplained',
    description:
      'After drops that nothing explains (unexplained), after any (dropped), or not at all (never), roll a known-good app in the place of yours once: where it loses requests, too, the cluster is to blame. The verdict stays that of yours.',
  }),
  'pod-probes': option({
    value: values.flag,
    form: 'switch',
    placeholder: 'true|false',
    configPath: ['probe', 'pod-probes'],
    perScenario: true,
    shownDefault: 'true',
    description:
      'During the update, also ask pods at their own addresses, at most 50 times a second in all, to tell a pod that does not answer from a way that does not lead to it. These requests count nowhere.',
  }),
  'expect-status': option({
    value: values.statusRange,
    form: 'text',
    placeholder: 'range',
    configPath: ['probe', 'expect-status'],
    perScenario: true,
    shownDefault: '200-399',
    description: 'Status of a correct answer; redirects are not followed.',
  }),
  'expect-body': option({
    value: values.text({ expects: 'text on one line that the body has to contain' }),
    form: 'text',
    placeholder: 'text',
    configPath: ['probe', 'expect-body'],
    perScenario: true,
    description: 'Text that the body of a correct answer contains.',
  }),
  'expect-json': option({
    value: values.jsonEquals,
    form: 'text',
    placeholder: 'path=value',
    configPath: ['probe', 'expect-json'],
    perScenario: true,
    description: 'Value that the JSON body of a correct answer has at a path: $.status=ok.',
  }),
  'expect-sequence': option({
    value: values.sequencePlace,
    form: 'text',
    placeholder: 'path',
    configPath: ['probe', 'expect-sequence'],
    perScenario: true,
    description:
      'Where answers carry the number of update: sequence:<name>: body, or a JSON path such as $.version. Only the old and the new number count as answers, and after the last old pod only the new one.',
  }),
  scenarios: option({
    value: values.list('names of scenarios, one per item'),
    form: 'lines',
    long: '--scenario',
    placeholder: 'name',
    description: 'Run only the scenarios of these names.',
  }),
  parallel: option({
    value: values.integerOrAuto(1, 16),
    form: 'number',
    placeholder: 'n|auto',
    configPath: ['parallel'],
    shownDefault: '1',
    description:
      'How many scenarios may run at the same time on the cluster, each in a namespace of its own; auto: as many as the processors allow. What could disturb others runs alone, and a run that others may have disturbed is made again alone.',
  }),
  output: option({
    value: values.text({ expects: 'the path of a folder' }),
    form: 'text',
    short: '-o',
    placeholder: 'folder',
    configPath: ['report', 'output'],
    isPath: true,
    shownDefault: 'rollproof-report',
    description: 'Folder for the report and the recordings.',
  }),
  comment: option({
    value: values.choice(['always', 'on-failure', 'never']),
    form: 'text',
    placeholder: 'when',
    configPath: ['report', 'comment'],
    shownDefault: 'always',
    description: 'When to write the pull-request comment: always, on-failure or never.',
  }),
  'comment-key': option({
    value: values.text({ maxLength: 100, expects: 'a name of at most 100 characters' }),
    form: 'text',
    placeholder: 'name',
    configPath: ['report', 'comment-key'],
    shownDefault: 'workflow/job/cni',
    description: 'Tells several gates on one pull request apart.',
  }),
  check: option({
    value: values.flag,
    form: 'switch',
    placeholder: 'true|false',
    configPath: ['report', 'check'],
    shownDefault: 'true',
    description:
      'Check the manifests for causes of drops, too, and say whether the run confirms them; it changes no verdict (docs/check.md).',
  }),
  statsd: option({
    value: values.hostAndPort,
    form: 'text',
    placeholder: 'host:port',
    configPath: ['report', 'statsd'],
    description:
      'Send counters and timings of the result to this statsd server over UDP; on this machine or in a private network.',
  }),
  'fail-on': option({
    value: values.failOn,
    form: 'words',
    placeholder: 'verdict',
    configPath: ['report', 'fail-on'],
    shownDefault: 'dropped, inconclusive, rollout-failed, error',
    description: 'Verdicts that fail the job, or never.',
  }),
  'github-token': option({
    value: values.secret,
    form: 'text',
    placeholder: 'token',
    description: 'Token for the pull-request comment; needs pull-requests: write.',
  }),
  'allow-unsafe-event': option({
    value: values.flag,
    form: 'flag',
    shownDefault: 'false',
    description:
      "Run although the event gives a stranger's pull request the rights of this repository (pull_request_target and the like).",
  }),
} as const;

export type InputName = keyof typeof INPUT_OPTIONS;

/** Checked values by input name, as Settings hold them; absent where nothing was said. */
export type InputValues = {
  readonly [Name in InputName]?: z.output<(typeof INPUT_OPTIONS)[Name]['value']['schema']>;
};

export const INPUT_NAMES: readonly InputName[] = Object.keys(INPUT_OPTIONS).filter(isInputName);

function isInputName(name: string): name is InputName {
  return Object.hasOwn(INPUT_OPTIONS, name);
}

/** The option as every reader of the table sees it, whatever the type of its value. */
export function inputOption(name: InputName): InputOption {
  return INPUT_OPTIONS[name];
}

/** `--scenario` for `scenarios`. */
export function longFlag(name: InputName): string {
  return inputOption(name).long ?? `--${name}`;
}
