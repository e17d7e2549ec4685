import { networkInterfaces } from 'node:os';
import { createInterface } from 'node:readline';
import { type Destination, destinationName } from '../../model/destination.ts';
import { type PortsTowards, PROTOCOL_VERSION, type ToProber } from '../protocol.ts';
import { bootId } from './boot-id.ts';
import { goFirstInLine } from './first-in-line.ts';
import { realTime } from './loop-time.ts';
import { LostPackets } from './lost-packets.ts';
import { MessageOutput } from './message-output.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { ProbeLoop } from './probe-loop.ts';
import { SourcePorts } from './source-ports.ts';
import { type OpenTransport, transportFor } from './transports/open-transport.ts';

/** Our end came before `finish`: the gate is gone. */
const EXIT_ABANDONED = 1;
/** We were told something we can not do. */
const EXIT_FAULT = 2;

/** The address to send from; absent: the route to the target decides. */
const [, , sourceAddress] = process.argv;

goFirstInLine();
const output = new MessageOutput(process.stdout);
/** By destination: the same port towards two of them is in two connections. */
const sourcePorts = new Map<string, Destination & { readonly ports: SourcePorts }>();
const transports = new Map<string, OpenTransport>();

process.stdout.on('error', () => process.exit(EXIT_ABANDONED));
process.stdin.on('end', () => process.exit(EXIT_ABANDONED));
process.stdin.on('error', () => process.exit(EXIT_ABANDONED));
// Ctrl-C reaches every process of a terminal; it is the gate that decides when probing ends.
process.on('SIGINT', () => {});

output.write({
  kind: 'hello',
  version: PROTOCOL_VERSION,
  bootId: bootId(),
  monotonicMs: monotonicMs(),
  addresses: Object.values(networkInterfaces()).flatMap(
    (entries) => entries?.map(({ address }) => address) ?? [],
  ),
});

const lostPackets = new LostPackets();
const loop: ProbeLoop = new ProbeLoop({
  time: realTime(() => loop.idle),
  openTransport: ({ id, address, port }) => {
    const open = transports.get(id);
    const ports = sourcePorts.get(destinationName({ address, port }))?.ports;
    if (!open || !ports) throw new Error(`stream ${id} has no transport or no source ports`);
    const source = sourceAddress ? { sourceAddress } : {};
    return open({ address, port, sourcePorts: ports, nowMs: monotonicMs, ...source }, (fact) =>
      output.write(fact),
    );
  },
  emit: (message) => output.write(message),
  takeLostPackets: () => lostPackets.takeCount(),
  onFinished: async () => {
    const nextPorts = [...sourcePorts.values()].map(({ address, port, ports }) => ({
      address,
      port,
      next: ports.next,
    }));
    output.write({ kind: 'done', nextPorts });
    await output.end();
    process.exit(0);
  },
});

// One message after the other, also while what a stream needs is being loaded.
let obeyed = Promise.resolve();
createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
  obeyed = obeyed
    .then(() => obey(JSON.parse(line)))
    .catch(async (error) => {
      // The gate and its prober are of one build: this is a bug, and nothing after it can be trusted.
      output.write({ kind: 'fault', message: String(error) });
      await output.end();
      process.exit(EXIT_FAULT);
    });
});

async function obey(message: ToProber): Promise<void> {
  switch (message.kind) {
    case 'ping':
      output.write({ kind: 'pong', id: message.id, monotonicMs: monotonicMs() });
      return;
    case 'start':
      for (const ports of message.ports) own(ports);
      for (const spec of message.streams) transports.set(spec.id, await transportFor(spec));
      for (const spec of message.streams) loop.start(spec);
      return;
    case 'stop':
      loop.stop(message.stream, message.atMs);
      return;
    case 'finish':
      loop.finish();
      return;
    default:
      throw new Error(`unknown message ${JSON.stringify(message satisfies never)}`);
  }
}

/** A destination's first range counts for the prober's whole life: only so is it known which port rests since when. */
function own({ address, port, range }: PortsTowards): void {
  const name = destinationName({ address, port });
  if (sourcePorts.has(name)) return;
  sourcePorts.set(name, { address, port, ports: new SourcePorts(range, monotonicMs()) });
}
