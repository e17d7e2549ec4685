import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeRealTime } from '../../src/prober/vantage/real-time.ts';
import { BIN } from './find-peers.ts';

/** What the meter saw between `begin` and `end`. */
export interface Ledger {
  /** When the kernel received each request, milliseconds of the monotonic clock, in the order of time. */
  readonly arrivalsMs: readonly number[];
  readonly resets: number;
  /** Share of one core that the meter itself used: where it is high, the meter is what was measured. */
  readonly busy: number;
}

/** The meter, running. */
export interface Meter extends AsyncDisposable {
  readonly url: string;
  begin(resetEvery: number): void;
  end(): Promise<Ledger>;
}

/** Builds the meter and starts it in a session of its own. */
export async function startMeter(): Promise<Meter> {
  const child = spawn(buildMeter(), { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the meter has ended');
    return value;
  };
  const port = Number((await next()).replace('listening ', ''));
  // When it gets a processor is no part of an arrival, but of an answer. Where that is refused it waits like the others.
  await makeRealTime(child.pid);
  return {
    url: `http://127.0.0.1:${port}/`,
    begin: (resetEvery) => void child.stdin.write(`begin ${resetEvery}\n`),
    async end() {
      child.stdin.write('end\n');
      const ledger: Ledger = JSON.parse(await next());
      // It notes them as it reads its connections, one after the other.
      return { ...ledger, arrivalsMs: ledger.arrivalsMs.toSorted((a, b) => a - b) };
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
    },
  };
}

/** Builds the meter; where nothing has changed that takes no time. Gives the program's path. */
function buildMeter(): string {
  mkdirSync(BIN, { recursive: true });
  const program = join(BIN, 'meter');
  const env = { ...process.env, CGO_ENABLED: '0' };
  execFileSync('go', ['build', '-trimpath', '-o', program, join(import.meta.dirname, 'meter.go')], { env });
  return program;
}
