import { messageOf } from '../model/problem.ts';
import type { RecordingEntry } from '../model/recording.ts';
import { pathAsking, type Scenario } from '../model/scenario.ts';
import { openProber, type Prober } from '../prober/prober.ts';
import { monotonicMs } from '../prober/program/monotonic-clock.ts';
import type { StreamSpec } from '../prober/protocol.ts';
import type { Target } from '../workload/target-address.ts';
import { headerAsking } from './header-asking.ts';
import { type AskablePod, EMPTY_BOOK, podsToProbe, withPodEntry } from './pods-to-probe.ts';
import type { PlacedVantage } from './shared-places.ts';
import type { SourcePortMemory } from './source-port-budget.ts';

/** Requests per second to all pods together: half of what the Service gets, and not more than this. */
const MAX_RATE_PER_SECOND = 50;
const SHARE_OF_RATE = 0.5;

/** Pods that are asked at the same time: fewer where requests are few, because one that is hardly asked tells nothing. */
const POD_LIMIT = 5;
const LEAST_RATE_PER_POD = 5;

/** How often it is looked whether a pod that is gone has been asked for long enough. */
const LOOK_EVERY_MS = 250;

/** How many pods are asked at once, and how often each. */
function pacing({ ratePerSecond }: Scenario): { readonly pods: number; readonly intervalMs: number } {
  const rate = Math.min(MAX_RATE_PER_SECOND, ratePerSecond * SHARE_OF_RATE);
  const pods = Math.min(POD_LIMIT, Math.max(1, Math.floor(rate / LEAST_RATE_PER_POD)));
  return { pods, intervalMs: (1000 * pods) / rate };
}

export interface PodProbingOptions {
  readonly scenario: Scenario;
  readonly target: Target;
  /** From where the addresses of pods are reached. */
  readonly place: Promise<Pick<PlacedVantage, 'vantage' | 'podPorts'>>;
  /** The recording's instant 0 on our monotonic clock. */
  readonly openedMs: number;
  clock(): number;
  emit(entry: RecordingEntry): void;
}

/** Asks pods at their own addresses while an update goes on, beside the requests to their Service. */
export interface PodProbing extends AsyncDisposable {
  /** Is shown every entry of the recording; asks from the mark `update-triggered` on until `probing-stopped`. */
  see(entry: RecordingEntry): void;
  /** Waits for the last answers. */
  finish(limitMs: number): Promise<void>;
  /** Ends the prober; idempotent. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a prober of its own for the pods: it shares no socket, port or moment with the one that measures. What it is
 * told is emitted as `pod-probe`, which no account counts. A prober that does not come up, or is lost, is told in a note.
 */
export async function openPodProbing(options: PodProbingOptions): Promise<PodProbing> {
  const { openedMs, clock, emit } = options;
  const note = (text: string) =>
    emit({ kind: 'note', atMs: clock(), level: 'info', subject: 'pod-probes', text });
  /** The pod that each stream asks. */
  const podOf = new Map<string, AskablePod>();
  try {
    const { vantage, podPorts: ports } = await options.place;
    // An ordinary process: what measures goes before what explains.
    const { makeRealTime: _, ...ordinary } = await vantage.launch();
    const prober = await openProber(ordinary, openedMs, {
      onEntry(entry) {
        if (entry.kind !== 'probe') return;
        const { stream, seq: _, ...request } = entry;
        const pod = podOf.get(stream);
        if (!pod) return;
        ports.towards(pod).seen(entry, monotonicMs());
        emit({ ...request, kind: 'pod-probe', pod: pod.uid });
      },
      onFault: (text) => note(`the prober of pods: ${text}`),
    });
    return podProbing(options, { prober, ports, podOf, note });
  } catch (error) {
    note(`pods are not asked at their own addresses: ${messageOf(error)}`);
    return { see() {}, async finish() {}, async [Symbol.asyncDispose]() {} };
  }
}

function podProbing(
  { scenario, target, clock }: PodProbingOptions,
  asking: {
    readonly prober: Prober;
    readonly ports: SourcePortMemory;
    /** Takes the pod of each stream that is started. */
    readonly podOf: Map<string, AskablePod>;
    note(text: string): void;
  },
): PodProbing {
  const { prober, ports, podOf, note } = asking;
  let book = EMPTY_BOOK;
  let active = false;
  let nextLookMs = 0;
  let streams = 0;
  const { pods } = pacing(scenario);
  /** By pod: its stream. */
  const running = new Map<string, string>();
  // Whoever waits for a prober that is lost is told so by the run's own; this one only helps to explain.
  const unheard = () => {};
  const follow = () => {
    nextLookMs = clock() + LOOK_EVERY_MS;
    const wanted = new Map(
      active ? podsToProbe(book, clock(), pods).map((pod) => [pod.uid, pod] as const) : [],
    );
    for (const [uid, stream] of running) {
      if (wanted.has(uid)) continue;
      running.delete(uid);
      prober.stop(stream).catch(unheard);
    }
    for (const pod of wanted.values()) {
      if (running.has(pod.uid)) continue;
      const id = `pod-${streams++}`;
      podOf.set(id, pod);
      running.set(pod.uid, id);
      prober
        .start([podStream(scenario, target, pod, id)], () => ports.towards(pod).range(monotonicMs()))
        .catch(unheard);
    }
  };
  return {
    see(entry) {
      if (entry.kind === 'mark') {
        if (entry.mark === 'update-triggered') active = true;
        if (entry.mark === 'probing-stopped') active = false;
      }
      book = withPodEntry(book, entry, target.portName);
      // Requests are told so often that a pod which is over is noticed by them.
      if (entry.kind !== 'probe' || (running.size > 0 && clock() >= nextLookMs)) follow();
    },
    async finish(limitMs) {
      const end = await prober.finish(limitMs);
      if (end.kind === 'finished') ports.goOnAt(end.nextPorts, monotonicMs());
      else note(`pods were not asked at their own addresses to the end: ${end.detail}`);
    },
    async [Symbol.asyncDispose]() {
      await prober[Symbol.asyncDispose]();
    },
  };
}

/** A pod is asked for what the Service is asked for, each time on a new connection, and never to take its time. */
function podStream(scenario: Scenario, target: Target, pod: AskablePod, id: string): StreamSpec {
  const { protocol, path, slow, deadlineMs } = scenario;
  const { sequence: _, ...expect } = scenario.expect;
  const quick = slow && { ...slow, durationMs: 0 };
  return {
    id,
    address: pod.address,
    port: pod.port,
    path: pathAsking(path, quick),
    // As clients of the Service say it: a server may have several hosts.
    host: `${target.address}:${target.port}`,
    protocol,
    connection: 'new',
    connections: 1,
    ...headerAsking(quick),
    intervalMs: pacing(scenario).intervalMs,
    offsetMs: 0,
    deadlineMs,
    expect,
  };
}
