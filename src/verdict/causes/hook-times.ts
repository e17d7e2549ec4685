import type { EventFact, RuntimeFact, TemplateContainer } from '../../model/recording.ts';

/** How a pod's `preStop` hook went, and when its container got the stop signal, as its node tells. */
export interface HookTimes {
  /** The hook began then, or a little earlier. */
  readonly hookBeganMs?: number;
  /** It was over then, or, where only the signal is known, a little earlier. */
  readonly hookOverMs?: number;
  /** What shows that it was over: its process, or the stop signal, which comes next. Absent where nothing does. */
  readonly hookShownBy?: 'process' | 'signal';
  /** Of the hook, where it is a program. */
  readonly hookExitCode?: number;
  readonly signalledMs?: number;
  /** What the node calls it: `terminated` is SIGTERM. */
  readonly signal?: string;
}

/** The kubelet has the stop signal sent this soon after a hook on a busy node; other programs that ended then are probes. */
const NEXT_MS = 250;

/** A pod was told to end at most this much before the hook began, and so was the program that it is. */
const BEFORE_ASKED_MS = 1_500;

/** What may be off by more than this cannot be set against what others told: rules go by fractions of a second. */
const EXACT_MS = 250;

export function isExact({ withinMs }: RuntimeFact): boolean {
  return withinMs <= EXACT_MS;
}

/**
 * Reads from what the node did to the container when its hook went. `exec` hooks are programs, which the node tells of;
 * of the others it tells only what comes next. Empty where nodes were not asked. Pure.
 */
export function hookTimesOf(given: {
  readonly pod: string;
  /** When its deletion became known. */
  readonly askedMs: number;
  readonly container: TemplateContainer | undefined;
  /** Whether a hook of the container is run at all. */
  readonly runsHook: boolean;
  readonly runtimes: readonly RuntimeFact[];
  readonly events: readonly EventFact[];
}): HookTimes {
  const { pod, askedMs, container, runsHook, runtimes, events } = given;
  const own = runtimes.filter(
    (one) =>
      one.pod === pod &&
      (container === undefined || one.container === container.name) &&
      isExact(one) &&
      one.atMs >= askedMs - BEFORE_ASKED_MS,
  );
  const signalled = own.find(({ what }) => what === 'signalled');
  const signal = signalled && {
    signalledMs: signalled.atMs,
    ...(signalled.signal === undefined ? {} : { signal: signalled.signal }),
  };
  const preStop = container?.preStop;
  if (!preStop || !runsHook) return signal ?? {};
  const program = preStop.how === 'exec' ? hookProgram(own, signalled) : undefined;
  const killing = events.find(
    ({ object, reason, message }) =>
      object === `Pod/${pod}` && reason === 'Killing' && wordsOf(message).includes(container.name),
  );
  const overMs = program?.overMs ?? signalled?.atMs;
  // The event is told a little after the fact, also after a short hook.
  const beganMs = program?.beganMs ?? earliest(killing?.atMs, overMs);
  return {
    ...(beganMs === undefined ? {} : { hookBeganMs: beganMs }),
    ...(overMs === undefined ? {} : { hookOverMs: overMs, hookShownBy: program ? 'process' : 'signal' }),
    ...(program?.exitCode === undefined ? {} : { hookExitCode: program.exitCode }),
    ...signal,
  };
}

/** The program that had the container's end wait: it was over just before the signal, or cut off by it. */
function hookProgram(own: readonly RuntimeFact[], signalled: RuntimeFact | undefined) {
  if (!signalled) return undefined;
  const endsOf = Map.groupBy(
    own.filter(({ what }) => what === 'program-ended'),
    ({ program }) => program,
  );
  const [longest] = own
    .filter(({ what }) => what === 'program-started')
    .map(({ program, atMs: beganMs }) => {
      const [end] = endsOf.get(program) ?? [];
      return { beganMs, endMs: end?.atMs, exitCode: end?.exitCode };
    })
    .filter(
      ({ beganMs, endMs = Number.POSITIVE_INFINITY }) =>
        beganMs <= signalled.atMs && endMs >= signalled.atMs - NEXT_MS,
    )
    .toSorted((a, b) => a.beganMs - b.beganMs);
  if (!longest) return undefined;
  const { beganMs, endMs = Number.POSITIVE_INFINITY, exitCode } = longest;
  // One that is still running when the grace period is over gets the signal along with its container.
  const overMs = Math.min(endMs, signalled.atMs);
  return { beganMs, overMs, exitCode: endMs > signalled.atMs + NEXT_MS ? undefined : exitCode };
}

function earliest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? one : Math.min(one, other);
}

/** What may be names of containers in the kubelet's words: one may begin with another. */
function wordsOf(message: string): readonly string[] {
  return message.split(/[^a-z0-9-]+/);
}

/** The hook had no end of its own: its program was still running when the stop signal came, with the end of the grace period. */
export function isCutOff({ hookShownBy, hookOverMs, signalledMs }: HookTimes): boolean {
  return hookShownBy === 'process' && hookOverMs === signalledMs;
}
