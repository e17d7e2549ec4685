import { isRealTimeProcess } from './first-in-line.ts';
import { monotonicMs } from './monotonic-clock.ts';
import type { LoopTime } from './probe-loop.ts';
import { RestOwed } from './rest-owed.ts';
import { Vigilance } from './vigilance.ts';
import { YoungGarbage } from './young-garbage.ts';

/** Timers count whole milliseconds, from a clock that may be one behind; what is left after them is napped through. */
const TIMER_GRAIN_MS = 1.1;

/**
 * While an answer is awaited a nap is this long at most: sockets are read, and the time of what they say is taken, in
 * between. Nothing else is read while the loop naps, so this is how late the end of a request can be told.
 */
const NAP_MS = 0.2;

/** Who stays awake before an instant that has to be met precisely looks at the sockets this often. */
const GLANCE_MS = 0.03;

/**
 * After a wake-up this late, what came meanwhile is read once more: one reading gives an answer, and only the next one
 * that the peer has closed behind it.
 */
const LATE_MS = 1;

const NAPPING = new Int32Array(new SharedArrayBuffer(4));

/**
 * The time of this machine. Wakes within a fraction of a millisecond although timers do not: the rest is slept in
 * short naps of the whole thread, which cost no processor time, with a look at the sockets after each.
 *
 * Before a precise instant it stays awake for what timers leave, at the price of most of a core: a processor that looks
 * idle is given other work, and many kernels interrupt work inside of the kernel for nobody. A real-time process rests
 * first for a part of that time, and stays awake for a while after an instant that it met late, precise or not; any
 * other has to wait for its turn after each nap, and takes none. `idle` says that no answer is awaited.
 */
export function realTime(idle: () => boolean, realTimeProcess = isRealTimeProcess, nap = napFor): LoopTime {
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  let instantMs = 0;
  let precise = false;
  /** Whether this is a real-time process, which waits for no ordinary one's turn; asked only where that matters. */
  let wakesAtOnce = false;
  let awakeFromMs = 0;
  const rest = new RestOwed(monotonicMs());
  const vigilance = new Vigilance();
  const garbage = new YoungGarbage();
  let wake = () => {};
  // Sockets are read after timers and before immediates. Nobody is woken before they have been read: a connection that
  // the peer has closed has to be known as closed before anything is sent on it, above all after a stall.
  let socketsRead = false;
  let readOnceMore = false;
  let waking = false;

  const arm = () => {
    const nowMs = monotonicMs();
    // What an immediate arms comes after the next reading; what a socket's callback arms does not.
    socketsRead = waking;
    readOnceMore = false;
    if (instantMs - nowMs > 2 * TIMER_GRAIN_MS) {
      timer = setTimeout(afterTimer, Math.floor(instantMs - nowMs - TIMER_GRAIN_MS));
    } else {
      planSleep(nowMs);
      immediate = setImmediate(step);
    }
  };
  const afterTimer = () => {
    const nowMs = monotonicMs();
    socketsRead = true;
    rest.sleptUntil(nowMs);
    planSleep(nowMs);
    immediate = setImmediate(step);
  };
  /** Decides until when of the wait it sleeps; it is awake for the rest. */
  const planSleep = (nowMs: number) => {
    if (precise || (wakesAtOnce && vigilance.isOn(nowMs))) {
      awakeFromMs = wakesAtOnce ? nowMs + rest.pay(nowMs, instantMs - nowMs) : nowMs;
    } else {
      awakeFromMs = instantMs;
      rest.sleptUntil(instantMs);
    }
  };
  const step = () => {
    let nowMs = monotonicMs();
    if (nowMs >= instantMs && socketsRead) {
      if (nowMs - instantMs > LATE_MS && !readOnceMore) {
        readOnceMore = true;
        immediate = setImmediate(step);
        return;
      }
      if (vigilance.met(nowMs - instantMs, nowMs)) wakesAtOnce = realTimeProcess();
      waking = true;
      garbage.woke();
      wake();
      waking = false;
      return;
    }
    garbage.pause(instantMs - nowMs, idle());
    nowMs = monotonicMs();
    if (nowMs < instantMs) {
      const napMs = awakeFromMs - nowMs;
      if (napMs <= 0) stayAwake(Math.min(instantMs - nowMs, GLANCE_MS));
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
