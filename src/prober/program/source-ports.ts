import type { SourcePortRange } from '../protocol.ts';

/**
 * The source ports the prober owns, handed out in turn. A port that was given back rests before it is handed out
 * again. The `range.resting` ports before `range.next`, and `range.kept`, may have been
 * used by an earlier prober: they rest at the start.
 */
export class SourcePorts {
  readonly range: SourcePortRange;
  // A ring buffer of the ports that are not in use, the longest unused first. As every port rests equally long,
  // the first one is also the first to have rested.
  readonly #ports: Uint16Array;
  readonly #restedAtMs: Float64Array;
  #head = 0;
  #size = 0;

  constructor(range: SourcePortRange, nowMs: number) {
    const { first, last, next } = range;
    if (!(first >= 1 && first <= next && next <= last && last <= 65_535)) {
      throw new RangeError(`source ports ${first} to ${last}, next ${next}, are not a range of ports`);
    }
    this.range = range;
    const count = last - first + 1;
    this.#ports = new Uint16Array(count);
    this.#restedAtMs = new Float64Array(count);
    const fresh = count - Math.min(count, range.resting ?? next - first);
    const kept = new Set(range.kept);
    const resting: number[] = [];
    for (let turn = 0; turn < count; turn++) {
      const port = first + ((next - first + turn) % count);
      if (turn < fresh && !kept.has(port)) this.#append(port, nowMs);
      else resting.push(port);
    }
    for (const port of resting) this.#append(port, nowMs + range.restMs);
  }

  /** The next port that has rested, or undefined where there is none. It is in use until `release`. */
  take(nowMs: number): number | undefined {
    if (this.#size === 0 || (this.#restedAtMs[this.#head] ?? 0) > nowMs) return undefined;
    const port = this.#ports[this.#head];
    this.#head = (this.#head + 1) % this.#ports.length;
    this.#size--;
    return port;
  }

  /** Gives a port back, from now on it rests. */
  release(port: number, nowMs: number): void {
    this.#append(port, nowMs + this.range.restMs);
  }

  /** Where the next prober has to go on. */
  get next(): number {
    return this.#size === 0 ? this.range.next : (this.#ports[this.#head] ?? this.range.next);
  }

  #append(port: number, restedAtMs: number): void {
    const tail = (this.#head + this.#size) % this.#ports.length;
    this.#ports[tail] = port;
    this.#restedAtMs[tail] = restedAtMs;
    this.#size++;
  }
}
