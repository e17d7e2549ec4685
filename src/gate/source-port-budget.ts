import { type Destination, destinationName } from '../model/destination.ts';
import type { Probe } from '../model/recording.ts';
import { SOURCE_PORT_REST_MS } from '../model/scenario.ts';
import type { NextPort, SourcePortRange } from '../prober/protocol.ts';

/**
 * The source ports a vantage owns, towards each destination. 120 s is the life of an unanswered connection in the node's tracking table: until
 * then a port last used towards a pod that is gone may still be sent there (docs/adr/0004).
 */
export const OWNED_PORTS: SourcePortRange = {
  first: 10_000,
  last: 60_999,
  next: 10_000,
  restMs: SOURCE_PORT_REST_MS,
};

/**
 * Those of requests to pods' own addresses: none of the others, so that they take nothing away. No Service is on their
 * way, so that no node can remember one wrongly: they rest as long as this machine remembers a closed connection.
 */
export const POD_PROBE_PORTS: SourcePortRange = {
  first: 61_000,
  last: 65_535,
  next: 61_000,
  restMs: 60_000,
};

/** How often the use of ports is noted: the memory of two minutes stays small. */
const NOTED_EVERY_MS = 1_000;

/** The memory of one vantage: a port that was used towards one destination is fresh towards every other. */
export class SourcePortMemory {
  readonly #owned: SourcePortRange;
  readonly #uses = new Map<string, SourcePortUse>();

  constructor(owned: SourcePortRange) {
    this.#owned = owned;
  }

  /**
   * What is remembered of a destination. One that was never probed begins where the furthest of the others has come to:
   * the pods behind it may have the addresses of others that were probed through another destination a moment ago.
   */
  towards(destination: Destination): SourcePortUse {
    const name = destinationName(destination);
    const known = this.#uses.get(name);
    if (known) return known;
    const [furthest] = [...this.#uses.values()].sort((a, b) => b.reached - a.reached);
    const use = new SourcePortUse(
      { ...this.#owned, next: furthest?.next ?? this.#owned.next },
      furthest?.reached,
    );
    this.#uses.set(name, use);
    return use;
  }

  /** A prober has ended and told where to go on. */
  goOnAt(nextPorts: readonly NextPort[], nowMs: number): void {
    for (const { next, ...destination } of nextPorts) this.towards(destination).goOnAt(next, nowMs);
  }
}

/**
 * Remembers over all runs from one vantage towards one destination which source ports were used, and when. Probers hand ports out in turn, so
 * how far they have come at which instant says it all. Instants are those of one monotonic clock.
 */
export class SourcePortUse {
  readonly #owned: SourcePortRange;
  readonly #before: number;
  #next: number;
  /** Ports handed out so far, laps included. */
  #taken = 0;
  #notes: { readonly atMs: number; readonly taken: number }[] = [];
  /** Ports of connections that carried several requests, and when they last did: handed out long before they rest. */
  readonly #kept = new Map<number, number>();

  /** `before`: how many ports lie between where the first destination began and where this one begins. */
  constructor(owned: SourcePortRange, before = 0) {
    this.#owned = owned;
    this.#next = owned.next;
    this.#before = before;
  }

  /** How far it has come, laps included, from where the first destination began. */
  get reached(): number {
    return this.#before + this.#taken;
  }

  /** The port that the next prober begins with. */
  get next(): number {
    return this.#next;
  }

  /** What a prober that starts now owns. */
  range(nowMs: number): SourcePortRange {
    const since = nowMs - this.#owned.restMs;
    const rested = this.#notes.findLast(({ atMs }) => atMs <= since)?.taken ?? 0;
    const kept = [...this.#kept].flatMap(([port, lastMs]) => (lastMs > since ? [port] : []));
    const resting = Math.min(this.#count, this.#taken - rested);
    return { ...this.#owned, next: this.#next, resting, kept };
  }

  /** A request was told. Also where its prober is lost later, the next run goes on behind its port. */
  seen({ localPort, reused }: Probe, nowMs: number): void {
    if (localPort === undefined) return;
    if (reused === true) this.#kept.set(localPort, nowMs);
    else this.goOnAt(localPort + 1, nowMs);
  }

  /** The prober has ended and told where to go on. */
  goOnAt(port: number, nowMs: number): void {
    const next = port > this.#owned.last ? this.#owned.first : port;
    const ahead = (next - this.#next + this.#count) % this.#count;
    // Requests are told in the order in which they end: half a lap ahead is a little behind.
    if (ahead === 0 || ahead > this.#count / 2) return;
    this.#next = next;
    this.#taken += ahead;
    const last = this.#notes.at(-1);
    const note = { atMs: nowMs, taken: this.#taken };
    if (last && this.#notes.length > 1 && nowMs - (this.#notes.at(-2)?.atMs ?? 0) < NOTED_EVERY_MS) {
      this.#notes[this.#notes.length - 1] = note;
    } else this.#notes.push(note);
    const firstNeeded = this.#notes.findLastIndex(({ atMs }) => atMs <= nowMs - this.#owned.restMs);
    if (firstNeeded > 0) this.#notes = this.#notes.slice(firstNeeded);
  }

  get #count(): number {
    return this.#owned.last - this.#owned.first + 1;
  }
}
