import type { NodeShell } from '../cluster/cluster-provider.ts';
import type { RecordingEntry, RuntimeFact } from '../model/recording.ts';
import { listenOnNodes, type NodeListener } from './node-listener.ts';
import { parseRuntimeLine, type RuntimeEvent } from './runtime-line.ts';

export interface RuntimeWatchOptions {
  /** Undefined where nodes are out of reach: then nothing is watched. */
  readonly nodeShell: NodeShell | undefined;
  readonly nodes: readonly string[];
  /** Milliseconds since the recording opened. */
  clock(): number;
  /** Milliseconds since the epoch; absent: this machine's. */
  wallClockMs?(): number;
  emit(entry: RecordingEntry): void;
}

export interface RuntimeWatch extends AsyncDisposable {
  /** Is shown every entry of the recording: which containers are of the workload, and which pods have been told to end. */
  see(entry: RecordingEntry): void;
}

/**
 * Emits what the container runtime of each node does to the workload's containers once their pods have been told to
 * end (`runtime`): that it runs a program in one, as the kubelet asks it to for an `exec` hook, that it sends the stop
 * signal, and that the container has ended. Resolves when it listens. Never fails: a node that does not say has said
 * nothing.
 */
export async function watchRuntimes(options: RuntimeWatchOptions): Promise<RuntimeWatch> {
  const workload = new Workload(options.emit);
  const listeners = await listenOnNodes(options.nodeShell, options.nodes, () =>
    runtimeListener(options, (event, when) => workload.hear(event, when)),
  );
  return {
    see: (entry) => workload.see(entry),
    [Symbol.asyncDispose]: () => listeners[Symbol.asyncDispose](),
  };
}

/** When something happened, by the recording's clock. */
type When = Pick<RuntimeFact, 'atMs' | 'withinMs'>;

/** Programs that were run in one container of late; more of them are probes. */
const REMEMBERED = 8;

/** The watch of pods tells this much later than the node that a pod is to end. */
const KNOWN_LATE_MS = 2_000;

/** Picks from all that nodes tell what is of pods that end. */
class Workload {
  readonly #emit: (entry: RecordingEntry) => void;
  readonly #containers = new Map<string, { readonly pod: string; readonly container: string }>();
  readonly #ending = new Set<string>();
  /** Not yet known whether they are of an end: programs are run in containers all the time, by probes. */
  readonly #recent = new Map<string, { readonly event: RuntimeEvent; readonly when: When }[]>();

  constructor(emit: (entry: RecordingEntry) => void) {
    this.#emit = emit;
  }

  see(entry: RecordingEntry): void {
    if (entry.kind !== 'pod') return;
    for (const { id, name } of entry.containers) {
      if (id !== undefined) this.#containers.set(id, { pod: entry.name, container: name });
    }
    if (entry.deletionTimestamp === undefined || this.#ending.has(entry.name)) return;
    this.#ending.add(entry.name);
    for (const [id, recent] of this.#recent) {
      if (this.#containers.get(id)?.pod !== entry.name) continue;
      this.#recent.delete(id);
      for (const { event, when } of recent) {
        if (when.atMs >= entry.atMs - KNOWN_LATE_MS) this.#tell(event, when);
      }
    }
  }

  hear(event: RuntimeEvent, when: When): void {
    const known = this.#containers.get(event.containerId);
    if (known && this.#ending.has(known.pod)) {
      this.#tell(event, when);
      return;
    }
    const recent = this.#recent.get(event.containerId) ?? [];
    this.#recent.set(event.containerId, [...recent, { event, when }].slice(-REMEMBERED));
  }

  #tell({ containerId, wallMs: _, ...event }: RuntimeEvent, when: When): void {
    const known = this.#containers.get(containerId);
    if (known) this.#emit({ kind: 'runtime', ...when, ...known, ...event });
  }
}

/**
 * Two listeners: containerd says in its log when it sends a stop signal, and as an event when a program or a container
 * begins or ends. Neither ends by itself: the shell waits for the end of stdin, which comes however we end.
 */
const WATCH = `exec 3<&0
journalctl --follow --lines=0 --output=cat --unit=containerd </dev/null 3<&- & log=$!
ctr --namespace k8s.io events </dev/null 3<&- & events=$!
echo "now $(date +%s.%N)"
cat <&3 >/dev/null
kill $log $events`;

/** A line is on its way for less than this where both clocks are one. */
const SAME_CLOCK_MS = 2_000;

/** The runtime writes a line a moment before or after it does what it says. */
const OWN_MS = 5;

function runtimeListener(
  { clock, wallClockMs = Date.now }: RuntimeWatchOptions,
  hear: (event: RuntimeEvent, when: When) => void,
): NodeListener {
  const spawnedMs = clock();
  /** What to add to the node's clock to get the recording's, and how far that may be off. */
  let offset: { readonly ms: number; readonly withinMs: number } | undefined;
  return {
    argv: ['sh', '-c', WATCH],
    hear(line) {
      const now = /^now (\d+\.\d+)$/.exec(line)?.[1];
      if (now !== undefined) {
        const nodeMs = Number(now) * 1000;
        const lateMs = wallClockMs() - nodeMs;
        // The nodes of kind are on this machine's kernel: what lies between the two is the way of a line.
        const same = lateMs > -1 && lateMs < SAME_CLOCK_MS;
        offset = same
          ? { ms: clock() - wallClockMs(), withinMs: OWN_MS }
          : // How long the line was on its way is not known, only that it was not written before the shell was there.
            { ms: clock() - nodeMs, withinMs: Math.max(SAME_CLOCK_MS, clock() - spawnedMs) };
        return true;
      }
      const event = parseRuntimeLine(line);
      if (event && offset) {
        const atMs = Math.round((event.wallMs + offset.ms) * 1000) / 1000;
        hear(event, { atMs, withinMs: offset.withinMs });
      }
      return false;
    },
  };
}
