// `npm run bench:rollout`: the longest hole in a tool's requests during a real rolling update on a kind cluster on the
// same processors. Each tool goes through rollouts of its own, in alternating order, started as a child of this process
// on this machine, towards the same node port, with the command line of `npm run bench`. The witness is the app: nginx
// in the pods writes down when each request came, and a hole is a stretch in which none came to any pod. So what keeps
// the pods from answering counts as well, for both tools alike. `--repeats`, `--rate`, `--connection`, `--tools`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Cluster } from '../../src/cluster/cluster-provider.ts';
import { kindProvider } from '../../src/cluster/kind/kind-provider.ts';
import { installation } from '../../src/platform/installation.ts';
import { applyObject } from '../../src/platform/kube-apply.ts';
import type { KubeList, KubePod, KubeService } from '../../src/platform/kube-objects.ts';
import { kubeRequest } from '../../src/platform/kube-request.ts';
import { restartPatch } from '../../src/rollout/template-patch.ts';
import { awaitAvailable } from '../../src/workload/await-available.ts';
import { createNamespace } from '../../src/workload/namespace.ts';
import { loadNow, machineLine, watchStolen } from '../machine.ts';
import { findPeers } from '../peers/find-peers.ts';
import { run } from '../peers/measure.ts';
import { spread, table } from '../peers/tables.ts';
import { type Connection, type Report, type Tool, toolsOf } from '../peers/tools.ts';
import { LOG_FOLDER, NAME, NAMESPACE, witnessManifests } from './app.ts';
import { type Holes, holesIn, type Rollout } from './holes.ts';

const { values } = parseArgs({
  options: {
    repeats: { type: 'string', default: '5' },
    rate: { type: 'string', default: '200' },
    connection: { type: 'string', default: 'new' },
    tools: { type: 'string', default: 'rollproof,vegeta' },
  },
});
const repeats = Number(values.repeats);
const ratePerSecond = Number(values.rate);
const REPLICAS = 2;
/** What a tool is at work for before the update. */
const BEFORE_MS = 5_000;
/** Longer than the update takes: a rollout that outlasts the tool counts for nothing. */
const SECONDS = 40;
const GONE_LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 200;
const REST_MS = 3_000;

interface Attempt extends Holes {
  readonly report: Report;
  /** Processor time of the tool, as a share of one core. */
  readonly cores: number;
}

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => stopped.abort(new Error(`ended by ${signal}`)));
}
const folder = mkdtempSync(join(tmpdir(), 'rollproof-rollout-'));
try {
  const wanted = values.tools.split(',');
  const { bin } = findPeers(wanted);
  const tools = toolsOf(bin, folder).filter(({ name }) => wanted.includes(name));
  if (tools.length !== wanted.length)
    throw new Error(`there are ${tools.map(({ name }) => name).join(', ')}`);
  await using cluster = await boot();
  const url = await deploy(cluster);
  console.log(`${new Date().toISOString().slice(0, 10)}, ${machineLine()}`);
  for (const connection of connections()) await compare(tools, cluster, url, connection);
} finally {
  rmSync(folder, { recursive: true });
}

function connections(): readonly Connection[] {
  return values.connection.split(',').map((one) => {
    if (one === 'new' || one === 'keep-alive') return one;
    throw new Error(`--connection ${one}: new or keep-alive`);
  });
}

async function compare(
  tools: readonly Tool[],
  cluster: Cluster,
  url: string,
  connection: Connection,
): Promise<void> {
  const attempts = new Map<string, Attempt[]>(tools.map(({ name }) => [name, []]));
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const tool of repeat % 2 === 0 ? tools : tools.toReversed()) {
      const stolen = watchStolen();
      const attempt = await rolloutUnder(tool, cluster, url, connection);
      attempts.get(tool.name)?.push(attempt);
      console.log(
        `${tool.name}: ${attempt.duringMs} ms (before: ${attempt.beforeMs} ms), rollout ${(attempt.rolloutMs / 1000).toFixed(1)} s, ${loadNow()}, ${stolen()}`,
      );
    }
  }
  const planned = ratePerSecond * SECONDS;
  table(
    `Longest hole during a rollout on kind, ${ratePerSecond} requests/s, ${connection}: arrivals at the pods, ${repeats} rollouts each`,
    ['tool', 'hole, ms', 'before the update, ms', 'rollout, s', `arrived of ${planned}`, 'failed', 'cores'],
    attempts,
    (some) => [
      spread(some.map(({ duringMs }) => duringMs)),
      spread(some.map(({ beforeMs }) => beforeMs)),
      spread(some.map(({ rolloutMs }) => rolloutMs / 1000)),
      spread(some.map(({ arrived }) => arrived)),
      spread(some.map(({ report }) => report.failed)),
      spread(some.map(({ cores }) => cores)),
    ],
  );
}

async function boot(): Promise<Cluster> {
  const { kindConfigsDir, reaperProgram } = installation();
  return await kindProvider({ kindConfigsDir, reaperProgram }).acquire(
    {
      provider: 'kind',
      cni: 'kindnet',
      kubeProxyMode: 'iptables',
      nodes: 2,
      images: ['nginx:1.22'],
      keep: false,
      proberImage: 'node:24-slim',
    },
    {
      signal: stopped.signal,
      workDir: folder,
      logsDir: join(folder, 'logs'),
      progress: (line) => console.error(line),
      imagesIfPresent: [],
    },
  );
}

/** Deploys the witness and gives its address: that of a node, and the node port. */
async function deploy(cluster: Cluster): Promise<string> {
  const { kubeConfig, nodes } = cluster;
  await createNamespace({ kubeConfig, namespace: NAMESPACE });
  for (const manifest of witnessManifests(REPLICAS)) await applyObject(kubeConfig, manifest);
  await available(cluster);
  const path = `/api/v1/namespaces/${NAMESPACE}/services/${NAME}`;
  const { spec } = await kubeRequest<KubeService>(kubeConfig, { path });
  return `http://${nodes.find(({ controlPlane }) => !controlPlane)?.address}:${spec.ports?.[0]?.nodePort}/`;
}

async function available({ kubeConfig }: Cluster): Promise<void> {
  const { signal } = stopped;
  const outcome = await awaitAvailable({
    ...{ kubeConfig, namespace: NAMESPACE, deployment: NAME, service: NAME },
    timeoutMs: GONE_LIMIT_MS,
    signal,
  });
  if (outcome.kind === 'failed') throw new Error(`the witness is not available: ${outcome.detail}`);
}

/** One rollout while a tool is at work, as the witness saw it. */
async function rolloutUnder(
  tool: Tool,
  cluster: Cluster,
  url: string,
  connection: Connection,
): Promise<Attempt> {
  await available(cluster);
  await atNodes(cluster, `for log in ${LOG_FOLDER}/*.log; do : >"$log"; done`);
  await sleep(REST_MS, undefined, { signal: stopped.signal });
  const command = tool.command({ url, ratePerSecond, seconds: SECONDS, connection });
  if (command === undefined) throw new Error(`${tool.name} cannot send ${connection}`);
  const over = new AbortController();
  try {
    const work = run(command, (SECONDS + 30) * 1000, AbortSignal.any([stopped.signal, over.signal])).then(
      (done) => ({ ...done, endedMs: Date.now() }),
    );
    work.catch(() => {});
    await sleep(BEFORE_MS, undefined, { signal: stopped.signal });
    const rollout = await roll(cluster);
    const { output, cpuSeconds, endedMs } = await work;
    if (endedMs < rollout.goneMs) throw new Error('the rollout took longer than the tool was at work');
    const holes = holesIn(await arrivalsAt(cluster), rollout);
    return { ...holes, report: tool.report(output), cores: cpuSeconds / SECONDS };
  } finally {
    over.abort();
  }
}

/** When requests came, in milliseconds. What nginx has written of pods that have ended stays on their node. */
async function arrivalsAt(cluster: Cluster): Promise<readonly number[]> {
  const log = await atNodes(cluster, `cat ${LOG_FOLDER}/*.log`);
  return log.split('\n').flatMap((line) => (line === '' ? [] : [Math.round(Number(line) * 1000)]));
}

/** Restarts the Deployment, and resolves when no pod that was there before is there any more. */
async function roll({ kubeConfig }: Cluster): Promise<Rollout> {
  const pods = async () => {
    const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
    const { items } = await kubeRequest<KubeList<KubePod>>(kubeConfig, { path });
    return (items ?? []).map(({ metadata }) => metadata.uid);
  };
  const old = new Set(await pods());
  const triggeredMs = Date.now();
  await kubeRequest(kubeConfig, {
    method: 'PATCH',
    path: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${NAME}`,
    contentType: 'application/strategic-merge-patch+json',
    body: { spec: { template: restartPatch(new Date()) } },
  });
  const giveUpMs = triggeredMs + GONE_LIMIT_MS;
  while ((await pods()).some((uid) => old.has(uid))) {
    if (Date.now() > giveUpMs) throw new Error('old pods do not go');
    await sleep(LOOK_EVERY_MS, undefined, { signal: stopped.signal });
  }
  return { triggeredMs, goneMs: Date.now() };
}

/** Runs a shell command on every node and gives what they print. */
async function atNodes({ nodes, nodeShell }: Cluster, command: string): Promise<string> {
  const printed = await Promise.all(
    nodes.map(({ name }) =>
      nodeShell?.run(name, ['sh', '-c', `mkdir -p ${LOG_FOLDER}; touch ${LOG_FOLDER}/none.log; ${command}`]),
    ),
  );
  return printed.join('\n');
}
