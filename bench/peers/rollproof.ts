// Rollproof's prober alone, told what to send by the protocol that the gate uses; its reports are only counted.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { monotonicMs } from '../../src/prober/program/monotonic-clock.ts';
import type { FromProber, StreamSpec, ToProber } from '../../src/prober/protocol.ts';

const [, , url = '', rate = '1', seconds = '1', connection = 'new', ...flags] = process.argv;
const { hostname, port, pathname, host } = new URL(url);
const startedMs = monotonicMs();
const prober = spawn(process.execPath, [join(import.meta.dirname, '../../dist/prober.js')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const tell = (message: ToProber) => prober.stdin.write(`${JSON.stringify(message)}\n`);
let failed = 0;
let unsent = 0;

createInterface({ input: prober.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
  // Nearly every line is an answered request; those need not be read.
  if (line.includes('"kind":"probe"')) {
    if (line.includes('"unsent"')) unsent++;
    else if (line.includes('"failure"')) failed++;
    return;
  }
  const message: FromProber = JSON.parse(line);
  if (message.kind === 'started') {
    tell({ kind: 'stop', stream: 'target', atMs: message.monotonicMs + Number(seconds) * 1000 });
  } else if (message.kind === 'stopped') tell({ kind: 'finish' });
});
prober.on('exit', (code) => {
  console.log(JSON.stringify({ failed, unsent, startedMs }));
  process.exitCode = code ?? 1;
});

const spec: StreamSpec = {
  id: 'target',
  address: hostname,
  port: Number(port),
  path: pathname,
  host,
  protocol: 'http',
  connection: connection === 'keep-alive' ? 'keep-alive' : 'new',
  connections: 64,
  intervalMs: 1000 / Number(rate),
  offsetMs: 0,
  deadlineMs: 1_000,
  expect: { statusFrom: 200, statusTo: 200 },
  ...Object.fromEntries(flags.map((flag) => flag.split('=', 2))),
};
// The meter closes first, so that no port of ours waits; on loopback nothing else remembers ports.
tell({ kind: 'start', streams: [spec], ports: { first: 10_000, last: 60_999, next: 10_000, restMs: 0 } });
