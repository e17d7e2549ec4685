// Rollproof's prober alone, launched as a gate launches it and told what to send by the gate's protocol. Its reports
// are only counted: what a gate does with them is no part of what is compared here.
import { once } from 'node:events';
import { join } from 'node:path';
import { monotonicMs } from '../../src/prober/program/monotonic-clock.ts';
import type { FromProber, StreamSpec, ToProber } from '../../src/prober/protocol.ts';
import { runnerVantage } from '../../src/prober/vantage/runner.ts';

const [, , url = '', rate = '1', seconds = '1', connection = 'new', ...flags] = process.argv;
const { hostname, port, pathname, host } = new URL(url);
const startedMs = monotonicMs();
const vantage = runnerVantage(join(import.meta.dirname, '../../dist/prober.js'));
const prober = await vantage.launch();
const tell = (message: ToProber) => prober.stdin.write(`${JSON.stringify(message)}\n`);
let failed = 0;
let unsent = 0;
let rest = '';

// Nearly every line is an answered request, and none of those is looked at: whoever reads them all takes processor
// time from what is measured.
prober.stdout.setEncoding('latin1');
prober.stdout.on('data', (chunk: string) => {
  const text = rest + chunk;
  const end = text.lastIndexOf('\n') + 1;
  rest = text.slice(end);
  const whole = text.slice(0, end);
  failed += occurrences(whole, '"failure":');
  unsent += occurrences(whole, '"unsent":');
  for (const kind of ['started', 'stopped', 'fault']) hear(whole, `{"kind":"${kind}"`);
});
prober.stderr.pipe(process.stderr);

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
await once(prober.stdout, 'data');
await prober.makeRealTime?.();
// The meter closes first, so that no port of ours waits; on loopback nothing else remembers ports.
const range = { first: 10_000, last: 60_999, next: 10_000, restMs: 0 };
tell({ kind: 'start', streams: [spec], ports: [{ address: spec.address, port: spec.port, range }] });
const { exitCode } = await prober.ended;
console.log(JSON.stringify({ failed, unsent, startedMs }));
process.exitCode = exitCode ?? 1;

function hear(lines: string, beginning: string): void {
  const at = lines.indexOf(beginning);
  if (at < 0) return;
  const message: FromProber = JSON.parse(lines.slice(at, lines.indexOf('\n', at)));
  if (message.kind === 'started') {
    tell({ kind: 'stop', stream: 'target', atMs: message.monotonicMs + Number(seconds) * 1000 });
  } else if (message.kind === 'stopped') tell({ kind: 'finish' });
  else throw new Error(JSON.stringify(message));
}

function occurrences(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}
