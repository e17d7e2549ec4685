import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDriver, truthStream } from '../../bench/truth/driver.ts';
import { judge, type Recorded } from '../../bench/truth/recording.ts';
import { OWNED_PORTS } from '../../src/gate/source-port-budget.ts';
import { monotonicMs } from '../../src/prober/program/monotonic-clock.ts';
import type { SourcePortRange, StreamSpec } from '../../src/prober/protocol.ts';
import type { Sample } from '../../src/verdict/account.ts';
import { kindCluster } from '../support/kind-cluster.ts';

const IMAGE = 'nginx:1.22';
const cluster = kindCluster('stale-ports-for-rollproof');
const { kubectl, onNode } = cluster;

// No readiness probe: the pod stays an endpoint while nothing reaches it, as one does that has just died.
const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers: [{ name: web, image: '${IMAGE}', ports: [{ containerPort: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ port: 80 }]
`;

/** Ten ports, used again at once: what a client does whose ports the kernel chooses, only sooner. */
const FEW_PORTS: SourcePortRange = { first: 9_000, last: 9_009, next: 9_000, restMs: 0 };

beforeAll(() => {
  cluster.boot([IMAGE]);
  const manifest = join(dirname(cluster.kubeconfig), 'web.yaml');
  writeFileSync(manifest, MANIFEST);
  kubectl('apply', '-f', manifest);
  kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
});

afterAll(() => cluster.remove());

it('a port last used towards a pod that is gone goes on failing, and is not laid to the workload; owned ports do not', async () => {
  // Now and then a node forgets its connections to a pod as the pod goes: then there is nothing to see, and once more.
  for (let attempt = 1; ; attempt++) {
    const { afterFew, afterOwned } = await afterAPodHasGone(attempt);
    expect(Object.keys(afterOwned)).toEqual(['ok']);
    if (afterFew['stale-source-port'] === undefined && attempt < ATTEMPTS) continue;
    expect(afterFew['stale-source-port']).toBeGreaterThan(0);
    expect(Object.keys(afterFew).filter((end) => end !== 'ok')).toEqual(['stale-source-port']);
    return;
  }
}, 300_000);

const ATTEMPTS = 3;

/** How requests end, over few source ports and over owned ones, when a pod that both were sent to has gone for good. */
async function afterAPodHasGone(attempt: number) {
  const address = kubectl(
    'get',
    'nodes',
    '-o',
    'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
  );
  const port = Number(kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}'));
  const spec: StreamSpec = {
    ...truthStream(port, 'new', 20),
    address,
    path: '/',
    expect: { statusFrom: 200, statusTo: 299 },
  };
  await using few = await startDriver({ ports: FEW_PORTS });
  // No attempt uses the ports of another: those would rest.
  await using owned = await startDriver({
    ports: { ...OWNED_PORTS, next: OWNED_PORTS.first + 10_000 * attempt },
  });
  const fewStartedMs = await few.start(spec);
  const ownedStartedMs = await owned.start(spec);
  await sleep(2_000);

  const dead = kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}');
  makeUnreachable(dead);
  // Long enough for every one of the few ports to send a SYN that nobody answers.
  await sleep(2_000);
  kubectl('delete', 'pod', dead, '--force', '--grace-period=0');
  kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
  // kube-proxy writes its rules within a second or so.
  await sleep(5_000);
  const settledMs = monotonicMs();
  await sleep(5_000);

  const afterFew = endsFrom(await few.stop(spec, fewStartedMs), settledMs - few.openedMs);
  const afterOwned = endsFrom(await owned.stop(spec, ownedStartedMs), settledMs - owned.openedMs);
  return { afterFew, afterOwned };
}

/** Packets still go to the pod, and nothing comes back: its address as good as gone, and the Service not told yet. */
function makeUnreachable(pod: string): void {
  const id = onNode('crictl', 'pods', '--name', pod, '-q').trim();
  const netns = onNode('crictl', 'inspectp', '--output', 'go-template', '--template', NETNS, id).trim();
  onNode('nsenter', `--net=${netns}`, 'iptables', '-A', 'INPUT', '-p', 'tcp', '-j', 'DROP');
}

const NETNS = '{{range .info.runtimeSpec.linux.namespaces}}{{if eq .type "network"}}{{.path}}{{end}}{{end}}';

/** How the requests ended that were sent from an instant on. */
function endsFrom(recorded: Recorded, fromMs: number): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { end, sentMs } of judge(recorded).account.samples) {
    if (sentMs !== undefined && sentMs >= fromMs) counts[wordFor(end)] = (counts[wordFor(end)] ?? 0) + 1;
  }
  return counts;
}

function wordFor(end: Sample['end']): string {
  return 'class' in end ? end.class : end.end;
}
