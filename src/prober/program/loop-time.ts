import { isRealTimeProcess } from './first-in-line.ts';
import { monotonicMs } from './monotonic-clock.ts';
import type { LoopTime } from './probe-loop.ts';
import { Vigilance } from './vigilance.ts';
import { YoungGarbage } from './young-garbage.ts';

/** Timers count whole milliseconds, from a clock that may be one behind; what is left after them is napped through. */
const TIMER_GRAIN_MS = 1.1;

/**
 * While an answer is awaited a nap is this long at most: sockets are read, and the time of what they say is taken, in
 * between. Nothing else is read while the loop naps, so this is how late the end of a request can be told.
 */
const NAP_MS = 0.2;

/**
 * Who has to meet an instant precisely stays awake: a processor that looks idle is given other work, and work inside of
 * the kernel is not interrupted for anybody, on many kernels. A real-time process rests for this share of its time:
 * kernels take the processor for 50 ms from one that was at work for more than 95 % of a second. Any other process has
 * to wait for its turn after each nap, and takes none.
 */
const REST_SHARE = 0.15;

/** Who stays awake before an instant that has to be met precisely looks at the sockets this often. */
const GLANCE_MS = 0.03;

const NAPPING = new Int32Array(new SharedArrayBuffer(4));

/**
 * The time of this machine. Wakes within a fraction of a millisecond although timers do not: the rest is slept in
 * short naps of the whole thread, which cost no processor time, with a look at the sockets after each. For a precise
 * instant it stays awake for what timers leave, at the price of most of a core. `idle` says that no answer is awaited.
 */
export function realTime(idle: () => boolean, realTimeProcess = isRealTimeProcess, nap = napFor): LoopTime {
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  let instantMs = 0;
  let precise = false;
  /** As far as was asked: whether nobody ordinary runs on a processor that this process wants. */
  let wakesAtOnce = false;
  let awakeFromMs = 0;
  let restOwedMs = 0;
  let owedFromMs = monotonicMs();
  const vigilance = new Vigilance();
  const garbage = new YoungGarbage();
  let wake = () => {};
  // Sockets are read after timers and before immediates. Nobody is woken before they have been read: a connection that
  // the peer has closed has to be known as closed before anything is sent on it, above all after a stall.
  let socketsRead = false;
  let waking = false;

  const arm = () => {
    const remainingMs = instantMs - monotonicMs();
    // What an immediate arms comes after the next reading; what a socket's callback arms does not.
    socketsRead = waking;
    if (remainingMs > 2 * TIMER_GRAIN_MS) {
      timer = setTimeout(afterTimer, Math.floor(remainingMs - TIMER_GRAIN_MS));
    } else {
      layDown(remainingMs);
      immediate = setImmediate(step);
    }
  };
  const afterTimer = () => {
    socketsRead = true;
    // It has slept until now.
    rested(monotonicMs());
    layDown(instantMs - owedFromMs);
    immediate = setImmediate(step);
  };
  const isVigilant = () => wakesAtOnce && vigilance.isOn(monotonicMs());
  const layDown = (remainingMs: number) => {
    const nowMs = instantMs - remainingMs;
    const staysAwake = precise || isVigilant();
    if (!staysAwake) rested(instantMs);
    const restMs = !staysAwake ? remainingMs : wakesAtOnce ? restOwed(nowMs) : 0;
    awakeFromMs = nowMs + Math.min(restMs, remainingMs);
  };
  const rested = (untilMs: number) => {
    restOwedMs = 0;
    owedFromMs = untilMs;
  };
  /** Who was at work all the time rests as soon as there is time for it. */
  const restOwed = (nowMs: number) => {
    const wholeMs = restOwedMs + (nowMs - owedFromMs) * REST_SHARE;
    owedFromMs = nowMs;
    restOwedMs = Math.max(0, wholeMs - (instantMs - nowMs));
    return wholeMs;
  };
  const step = () => {
    let remainingMs = instantMs - monotonicMs();
    if (remainingMs <= 0 && socketsRead) {
      if (vigilance.met(-remainingMs, instantMs - remainingMs)) wakesAtOnce = realTimeProcess();
      waking = true;
      garbage.woke();
      wake();
      waking = false;
      return;
    }
    garbage.pause(remainingMs, idle());
    remainingMs = instantMs - monotonicMs();
    if (remainingMs > 0) {
      const napMs = awakeFromMs - (instantMs - remainingMs);
      if (napMs <= 0) stayAwake(Math.min(remainingMs, GLANCE_MS));
      else nap(idle() ? napMs : Math.min(napMs, NAP_MS));
    }
    socketsRead = true;
    immediate = setImmediate(step);
  };

  return {
    nowMs: monotonicMs,
    wakeAt(atMs, callback, exactly) {
      clearTimeout(timer);
      clearImmediate(immediate);
      instantMs = atMs;
      wake = callback;
      // It is made one when it is loaded, before the first stream.
      if (exactly && !precise) wakesAtOnce = realTimeProcess();
      precise = exactly;
      arm();
    },
    afterPoll: (callback) => void setImmediate(callback),
  };
}

function napFor(ms: number): void {
  Atomics.wait(NAPPING, 0, 0, ms);
}

/** This clock makes no garbage, of which there would be half a gigabyte a second. */
function stayAwake(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}
