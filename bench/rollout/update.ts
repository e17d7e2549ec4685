// The update of `npm run bench:rollout`: vegeta goes at the same way in as Rollproof, then the Deployment is restarted.
import { execFileSync, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , vegeta = 'vegeta', rate = '200', seconds = '15', output = 'vegeta.bin'] = process.argv;
const namespace = process.env.ROLLPROOF_NAMESPACE ?? '';
const LEAD_MS = 1_000;

const kubectl = (...args: readonly string[]) =>
  execFileSync('kubectl', ['--namespace', namespace, ...args], { encoding: 'utf8' });
const services = JSON.parse(kubectl('get', 'services', '-o', 'json')).items;
const nodePort = services.flatMap(({ spec }: { spec: { ports: { nodePort?: number }[] } }) =>
  spec.ports.flatMap((port) => port.nodePort ?? []),
)[0];
const node = JSON.parse(kubectl('get', 'nodes', '-o', 'json')).items[0];
const address = node.status.addresses.find(({ type }: { type: string }) => type === 'InternalIP').address;

const attack = spawn(
  vegeta,
  [
    'attack',
    `-rate=${rate}/s`,
    `-duration=${seconds}s`,
    '-keepalive=false',
    '-timeout=2s',
    '-max-workers=20000',
  ],
  { stdio: ['pipe', openSync(output, 'w'), 'ignore'], detached: true },
);
attack.stdin?.end(`GET http://${address}:${nodePort}/\n`);
attack.unref();
await sleep(LEAD_MS);
kubectl('rollout', 'restart', 'deployment/web');
process.exit(0);
