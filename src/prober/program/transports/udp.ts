import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { StreamSpec } from '../../protocol.ts';
import { type Dialer, LOCAL_ERRORS } from './owned-connection.ts';
import type { RunningSend, SendEnd, SendFacts, Transport, TransportFact } from './transport.ts';

/** How long a port listens after its datagram's end, for what comes late or twice. */
const LINGER_MS = 1_000;

const KEPT_DATAGRAMS = 8192;

interface Sent {
  readonly onEnd: (end: SendEnd) => void;
  readonly facts: SendFacts;
  ended: 'no' | 'answered' | 'failed';
}

/** What came that nobody waited for. */
interface StrayCounts {
  late: number;
  duplicate: number;
  unknown: number;
}

/**
 * One datagram a request, with an id of its own, and one back that holds the id. `keep-alive`: `spec.connections`
 * source ports, used in turn. `new`: a fresh source port for each. Nothing is sent twice. A port whose earlier
 * datagram was refused tells it with that one, if it still waits.
 */
export function udp(spec: StreamSpec, dialer: Dialer, tell: (fact: TransportFact) => void): Transport {
  const strays: StrayCounts = { late: 0, duplicate: 0, unknown: 0 };
  const ports = new Set<UdpPort>();
  const places: (UdpPort | undefined)[] = Array.from({ length: Math.max(1, spec.connections) });
  let turn = 0;

  const open = (): UdpPort | undefined => {
    const localPort = dialer.sourcePorts.take(dialer.nowMs());
    if (localPort === undefined) return undefined;
    const port = new UdpPort(spec, dialer, localPort, strays, () => {
      ports.delete(port);
      dialer.sourcePorts.release(localPort, dialer.nowMs());
    });
    ports.add(port);
    return port;
  };
  const none = (onEnd: (end: SendEnd) => void): RunningSend => {
    process.nextTick(() => onEnd({ kind: 'unsent', why: 'no-source-port' }));
    return { giveUp() {} };
  };

  const sendFresh = (onEnd: (end: SendEnd) => void): RunningSend => {
    const port = open();
    if (!port) return none(onEnd);
    return port.send((end) => {
      onEnd(end);
      setTimeout(() => port.close(), LINGER_MS).unref();
    });
  };
  const sendKept = (onEnd: (end: SendEnd) => void): RunningSend => {
    const place = turn;
    turn = (turn + 1) % places.length;
    const kept = places[place];
    const port = kept && !kept.closed ? kept : open();
    places[place] = port;
    return port ? port.send(onEnd) : none(onEnd);
  };

  return {
    send: spec.connection === 'new' ? sendFresh : sendKept,
    close() {
      for (const port of ports) port.close();
      if (strays.late + strays.duplicate + strays.unknown === 0) return;
      tell({ kind: 'strays', stream: spec.id, atMs: dialer.nowMs(), ...strays });
    },
  };
}

class UdpPort {
  readonly #spec: StreamSpec;
  readonly #localPort: number;
  readonly #socket: Socket;
  readonly #strays: StrayCounts;
  readonly #onClose: () => void;
  /** By id, in the order of sending. */
  readonly #sent = new Map<string, Sent>();
  /** Present until the port is bound. */
  #unbound: (() => void)[] | undefined = [];
  #count = 0;
  closed = false;

  constructor(spec: StreamSpec, dialer: Dialer, localPort: number, strays: StrayCounts, onClose: () => void) {
    this.#spec = spec;
    this.#localPort = localPort;
    this.#strays = strays;
    this.#onClose = onClose;
    // The same port may be in use towards another destination, as it may be over TCP.
    const socket = createSocket({ type: isIPv6(spec.address) ? 'udp6' : 'udp4', reuseAddr: true });
    this.#socket = socket;
    socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(error.code ?? error.name));
    socket.on('message', (message) => this.#heard(message));
    socket.bind(
      { port: localPort, ...(dialer.sourceAddress ? { address: dialer.sourceAddress } : {}) },
      () => {
        // Connected, it hears of its datagrams being refused, and nothing from anybody else.
        socket.connect(spec.port, spec.address, (error?: NodeJS.ErrnoException) => {
          if (error) return this.#failed(error.code ?? error.name);
          const waiting = this.#unbound ?? [];
          this.#unbound = undefined;
          for (const write of waiting) write();
        });
      },
    );
  }

  send(onEnd: (end: SendEnd) => void): RunningSend {
    const { address, port } = this.#spec;
    const id = `rollproof-${this.#localPort}-${this.#count}.`;
    const remote = isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
    const facts = { localPort: this.#localPort, remote, reused: this.#count > 0 };
    const sent: Sent = { onEnd, facts, ended: 'no' };
    this.#count++;
    this.#sent.set(id, sent);
    this.#forget();
    const write = () => {
      if (this.closed) return;
      this.#socket.send(`echo ${id}\n`, (error: NodeJS.ErrnoException | null) => {
        if (error) this.#end(sent, { kind: 'failed', facts, phase: 'send', code: error.code ?? error.name });
      });
    };
    if (this.#unbound) this.#unbound.push(write);
    else write();
    return { giveUp: (code) => this.#end(sent, { kind: 'failed', facts, phase: 'headers', code }) };
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const sent of this.#sent.values()) {
      this.#end(sent, { kind: 'failed', facts: sent.facts, phase: 'headers', code: 'ABORTED' });
    }
    this.#socket.close(this.#onClose);
  }

  #heard(message: Buffer): void {
    const [id] = /rollproof-\d+-\d+\./.exec(message.toString('latin1')) ?? [];
    const sent = id === undefined ? undefined : this.#sent.get(id);
    switch (sent?.ended) {
      case undefined:
        this.#strays.unknown++;
        return;
      case 'answered':
        this.#strays.duplicate++;
        return;
      case 'failed':
        this.#strays.late++;
        return;
      case 'no': {
        const { bodyContains } = this.#spec.expect;
        const bodyOk = bodyContains === undefined || message.includes(bodyContains);
        this.#end(sent, { kind: 'answered', facts: { ...sent.facts, bytes: message.length, bodyOk } });
      }
    }
  }

  /** The kernel tells that a datagram was refused, not which: it is the oldest that waits. */
  #failed(code: string): void {
    const unbound = this.#unbound !== undefined;
    for (const sent of this.#sent.values()) {
      if (sent.ended !== 'no') continue;
      const phase = LOCAL_ERRORS.has(code) ? 'bind' : unbound ? 'send' : 'headers';
      this.#end(sent, { kind: 'failed', facts: sent.facts, phase, code });
      if (!unbound) return;
    }
    // A port that is somebody else's is of no use later either.
    if (unbound) this.close();
  }

  /** Late and second answers are known for so many datagrams back. */
  #forget(): void {
    if (this.#sent.size <= KEPT_DATAGRAMS) return;
    const [oldest] = this.#sent;
    if (oldest && oldest[1].ended !== 'no') this.#sent.delete(oldest[0]);
  }

  #end(sent: Sent, end: SendEnd): void {
    if (sent.ended !== 'no') return;
    sent.ended = end.kind === 'answered' ? 'answered' : 'failed';
    sent.onEnd(end);
  }
}
