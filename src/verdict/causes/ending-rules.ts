import type { TemplateContainer } from '../../model/recording.ts';
import { isCutOff } from './hook-times.ts';
import { firstFrom } from './in-order.ts';
import { ownAnswersWithin, ownAnswerTo } from './own-answers.ts';
import { isKilledAfterGrace, KILL_SLACK_MS, type PodStory } from './pod-story.ts';
import { remembered } from './remembered.ts';
import { ARRIVAL_MS, type Attribution, propagationMs, type Rule } from './rule.ts';
import { isAnswerOfProxy } from './steady-rules.ts';
import { stickyPods } from './sticky-pods.ts';
import { type Drop, type Story, servingContainer } from './story.ts';

/** A request that was lost at a pod whose deletion had been asked for. */
interface EndingDrop {
  readonly drop: Drop;
  readonly story: Story;
  readonly pod: PodStory;
  readonly askedMs: number;
  /** The preStop hook's end, as its node told or by the template: the instant of asking where there is none. */
  readonly hookEndMs: number;
  /** How long the hook took, where its node told. */
  readonly hookMs: number | undefined;
  /** Killed with SIGKILL, and only when its grace period was over. */
  readonly killed: boolean;
}

/** An old pod, or one that a rollout that failed gave up: whatever happens to it at its end. */
export const endingPod: Rule = (drop, story) => {
  const ending = endingDrop(drop, story);
  if (!ending) return undefined;
  const atTheEnd = killedAtEndOfGrace(ending);
  if (ending.pod.ownGraceSeconds !== undefined) {
    const hurried = endedInHaste(ending, ending.pod.ownGraceSeconds, atTheEnd !== undefined);
    if (hurried) return hurried;
  }
  return atTheEnd ?? endedByItself(ending);
};

function endedByItself(ending: EndingDrop): Attribution | undefined {
  for (const rule of [longRequest, cutAtSigterm, keptAlive, stoppedTooEarly]) {
    const attribution = rule(ending);
    if (attribution) return attribution;
  }
  return undefined;
}

/**
 * Whoever deleted the pod left it less time than its template does. Without any, no hook runs, and the end comes before
 * nodes know of it; with some, only what was lost when it was over is the doing of that.
 */
function endedInHaste(ending: EndingDrop, ownSeconds: number, atTheEnd: boolean): Attribution | undefined {
  const { pod, story } = ending;
  const { graceSeconds = 0 } = pod;
  if (graceSeconds > 0 && !atTheEnd) return undefined;
  // No pod has a hook in haste: what its absence does is not to be told from what the haste does.
  const hasHook = servingContainer(story.before)?.preStop !== undefined;
  const otherwise = atTheEnd || hasHook ? undefined : endedByItself(ending)?.cause;
  return {
    cause: 'grace-too-short',
    confidence: otherwise === undefined ? 'high' : 'medium',
    because: `The pods were deleted with a grace period of ${graceSeconds} s, although their template gives them ${ownSeconds} s: ${graceSeconds === 0 ? 'by force, no preStop hook runs and containers are killed two seconds after SIGTERM' : 'their containers were killed when it was over'}.`,
    ...(otherwise !== undefined && {
      undecided: {
        causes: [otherwise],
        decidedBy:
          'The same scenario with pods that are left the grace period of their template: what is lost then as well is not lost by the haste.',
      },
    }),
  };
}

/** Where the hook is no program, the signal that follows it tells: at the end of the grace period, known a little late. */
const HOOK_SLACK_MS = 500;

/** Was the hook still running when the grace period was over? */
function outlastedGrace(pod: PodStory): boolean {
  const { hookOverMs, terminatingMs, graceSeconds = 30 } = pod;
  if (isCutOff(pod)) return true;
  if (hookOverMs === undefined || terminatingMs === undefined) return false;
  return hookOverMs - terminatingMs >= graceSeconds * 1000 - HOOK_SLACK_MS;
}

function endingDrop(drop: Drop, story: Story): EndingDrop | undefined {
  const { pod } = drop;
  if (pod?.askedFromMs === undefined || drop.endedMs < pod.askedFromMs) return undefined;
  const { askedFromMs, graceSeconds = 30, outOfEndpointsMs, goneMs } = pod;
  const overMs = outOfEndpointsMs ?? goneMs;
  if (!drop.reused && overMs !== undefined && drop.sentMs > overMs + propagationMs(story)) return undefined;
  const { preStop } = servingContainer(story.before) ?? {};
  const killed = isKilledAfterGrace(pod);
  const { hookBeganMs, hookOverMs, terminatingMs = askedFromMs } = pod;
  const byTemplateMs = Math.min(preStop?.seconds ?? 0, graceSeconds) * 1000;
  return {
    ...{ drop, story, pod, killed, askedMs: askedFromMs },
    hookEndMs: hookOverMs ?? askedFromMs + byTemplateMs,
    hookMs: hookOverMs === undefined ? undefined : hookOverMs - (hookBeganMs ?? terminatingMs),
  };
}

/** A request that takes this long is a long one: others are over before a pod can be at fault for cutting them. */
const LONG_REQUEST_MS = 1_000;

/** What tells a container that needs longer from one that never ends. */
const WITH_MORE_GRACE =
  'The same scenario with a longer `terminationGracePeriodSeconds`: containers that end by themselves then needed the time.';

function killedAtEndOfGrace(ending: EndingDrop): Attribution | undefined {
  const { drop, story, pod, askedMs, killed, hookMs } = ending;
  const { graceSeconds = 30 } = pod;
  const atTheEnd = drop.endedMs >= askedMs + graceSeconds * 1000 - KILL_SLACK_MS;
  if (!atTheEnd) return undefined;
  const seconds = servingContainer(story.before)?.preStop?.seconds;
  // What the node told goes before what the template says: a hook that failed at once was not too long.
  const overran =
    hookMs === undefined ? seconds !== undefined && seconds >= graceSeconds : outlastedGrace(pod);
  // A short grace period is all slack: where the node told when its end came, only what was lost from then on counts.
  if (overran && hookMs !== undefined && drop.endedMs < ending.hookEndMs - ARRIVAL_MS) return undefined;
  if (overran) {
    return {
      cause: 'prestop-exceeds-grace',
      confidence: 'high',
      because: `The preStop hook ${seconds === undefined ? 'was still running, as its node told, when' : `sleeps ${seconds} s and`} the grace period ${seconds === undefined ? `of ${graceSeconds} s was over` : `is ${graceSeconds} s`}: the container is killed before it learns that it has to end.`,
    };
  }
  // A short grace period is all slack here, too: what was lost before the container ended is not lost by the kill.
  if (!killed || drop.endedMs < (pod.endedFromMs ?? askedMs)) return undefined;
  if (isLong(drop)) {
    return {
      cause: 'request-outlives-grace',
      confidence: 'high',
      because: `They were still being answered when the container was killed at the end of its grace period of ${graceSeconds} s.`,
    };
  }
  if (story.sigterm === 'deaf') {
    return {
      cause: 'sigterm-ignored',
      confidence: 'high',
      because: `SIGTERM never reaches the server: the first process of the container has no handler for it. The containers went on until they were killed (exit code 137) at the end of their grace period of ${graceSeconds} s.`,
    };
  }
  if (drop.reused && refusesNewConnections(ending)) {
    return {
      cause: 'keep-alive-outlives-pod',
      confidence: 'high',
      because: `The pods took no new connections any more, but kept the old ones until they were killed after ${graceSeconds} s.`,
    };
  }
  const open = takesNewConnections(ending);
  // A server that handles SIGTERM may go on serving for longer than it has: only its process tells that it does not.
  const mayHandle = story.sigterm === undefined || story.sigterm === 'lapses';
  const mayWait = drop.reused && !open;
  const waiting = mayWait ? (['keep-alive-outlives-pod'] as const) : [];
  if (story.sigterm === 'handles') {
    return {
      cause: 'grace-too-short',
      confidence: 'medium',
      because: `The containers handle SIGTERM, and had not come to their end when they were killed (exit code 137) after their grace period of ${graceSeconds} s.`,
      undecided: {
        causes: ['sigterm-ignored', ...waiting],
        decidedBy: WITH_MORE_GRACE,
      },
    };
  }
  return {
    cause: 'sigterm-ignored',
    confidence: mayHandle || mayWait ? 'medium' : 'high',
    because: `The containers went on as before until they were killed (exit code 137) at the end of their grace period of ${graceSeconds} s${open ? ', and took new connections at their own addresses up to then' : ''}.${story.sigterm === 'lapses' ? ' Their handler for SIGTERM was gone after the signal, as that of a runtime which only passes it on: in process 1 nothing comes of that.' : ''}`,
    ...((mayHandle || mayWait) && {
      undecided: {
        causes: [...waiting, 'grace-too-short'],
        decidedBy: mayWait
          ? 'The same scenario with new connections: a pod that lives for its whole grace period there, too, ignores SIGTERM, or needs longer; one that ends early waits for its connections.'
          : WITH_MORE_GRACE,
      },
    }),
  };
}

/** The server gave up on a long request by itself, before the grace period was over. */
function longRequest({ drop, hookEndMs }: EndingDrop): Attribution | undefined {
  if (!isCut(drop) || !isLong(drop) || drop.endedMs < hookEndMs + LONG_REQUEST_MS) return undefined;
  return {
    cause: 'request-outlives-grace',
    confidence: 'medium',
    because:
      'The ending pods had been answering them for more than a second, and cut them off when they ended by themselves.',
  };
}

/** A pod that goes on for this long after it was told to end has not ended at once. */
const AT_ONCE_MS = 1_500;

/** A request that has waited for this long is in the hands of the server, which accepts faster on an idle machine. */
const ACCEPTED_MS = 100;

function cutAtSigterm({ drop, story, pod, askedMs, hookEndMs }: EndingDrop): Attribution | undefined {
  if (!isCut(drop)) return undefined;
  const { exitCode, exitedMs = Number.POSITIVE_INFINITY } = pod;
  if (exitCode === 143) {
    return {
      cause: 'no-sigterm-handling',
      confidence: 'high',
      because: 'The containers died of SIGTERM (exit code 143), and what they had accepted was cut off.',
    };
  }
  // What the server has had for a while it has accepted; a younger one may have waited for it in the kernel.
  const waited = drop.endedMs - drop.sentMs >= Math.max(ACCEPTED_MS, 3 * story.controlMs);
  const accepted = waited || drop.sentMs < askedMs - ARRIVAL_MS;
  // A server that lives on has closed the connection, and not left it behind.
  const left = exitedMs - drop.endedMs <= AT_ONCE_MS && drop.endedMs - hookEndMs <= AT_ONCE_MS;
  const inHand = waited && left;
  if (drop.reused ? inHand : accepted || drop.class === 'truncated') {
    return {
      cause: 'no-sigterm-handling',
      confidence: 'medium',
      because: 'Requests that the ending pods had accepted were cut off.',
    };
  }
  return undefined;
}

function keptAlive({ drop, pod, askedMs, hookEndMs }: EndingDrop): Attribution | undefined {
  if (!drop.reused || !drop.established) return undefined;
  // Said beforehand or not: the connection is over, and the request on it had no answer.
  const cut = isCut(drop) || drop.class === 'goaway' || drop.class === 'close-frame';
  const hasHook = hookEndMs > askedMs;
  const { exitedMs = Number.POSITIVE_INFINITY } = pod;
  // Of a pod with a hook only what happens while it lives on is a connection that was closed, and not one that was cut.
  const livesOn = !hasHook || exitedMs - drop.endedMs > AT_ONCE_MS;
  // The instant of asking is known to the second, and may lie that much later.
  const toldMs = Math.max(hookEndMs, pod.terminatingMs ?? hookEndMs);
  if (cut && drop.endedMs - toldMs <= AT_ONCE_MS && livesOn) {
    return {
      cause: 'keep-alive-closed-at-shutdown',
      confidence: pod.exitCode === undefined ? 'medium' : 'high',
      because:
        'Connections that had carried requests before were closed just after the pods were told to end.',
      ...(pod.exitCode === undefined && {
        undecided: {
          causes: ['no-sigterm-handling'],
          decidedBy:
            'The exit code of the container that answers, which is not known here: 143 is that of a process that died of SIGTERM.',
        },
      }),
    };
  }
  // Of UDP, a port that was answered before can be refused.
  if (cut || drop.class === 'answer-timeout' || drop.class === 'refused') {
    const exit = pod.exitCode === undefined ? '' : ` (exit code ${pod.exitCode})`;
    return {
      cause: 'keep-alive-outlives-pod',
      confidence: 'high',
      because: `Connections that had carried requests before went on to the ending pods and broke when those ended${exit}.`,
    };
  }
  return undefined;
}

/** New connections that were refused, or accepted by the kernel and never by the server, or led to nobody. */
function stoppedTooEarly(ending: EndingDrop): Attribution | undefined {
  const { drop, story, pod, askedMs, hookEndMs, hookMs } = ending;
  // A server that takes a request and stays silent has not stopped.
  if (drop.established && drop.sentMs < askedMs) return undefined;
  if (isAnswerOfProxy(drop, story)) return undefined;
  // Nor has one that answers at its own address: then it is the way there that leads to nobody.
  if (!drop.reused && ownAnswerTo(story, pod, drop) === 'ok') return undefined;
  const hook = servingContainer(story.before)?.preStop;
  const failed = story.events.find(
    ({ object, reason }) => reason === 'FailedPreStopHook' && object === `Pod/${pod.name}`,
  );
  if (failed) {
    return {
      cause: 'prestop-cannot-run',
      confidence: 'high',
      because: 'The kubelet reports that the preStop hook failed.',
    };
  }
  const { firstTo, unrouted } = newConnectionsLost(story);
  const nobodys = unrouted[firstFrom(unrouted, askedMs)]?.sentMs ?? drop.sentMs;
  const firstMs = Math.min(drop.sentMs, firstTo.get(pod) ?? drop.sentMs, nobodys);
  const effective = firstMs >= hookEndMs - AT_ONCE_MS / 3;
  if (hook && hookMs !== undefined) return byMeasuredHook({ ...ending, hookMs }, hook, effective);
  if (hook?.seconds !== undefined && hook.seconds > 0) {
    return effective
      ? {
          cause: 'prestop-too-short',
          confidence: 'high',
          because: `The preStop hook sleeps ${hook.seconds} s, and connections were still sent to the pods after that.`,
        }
      : {
          cause: 'prestop-cannot-run',
          confidence: 'medium',
          because: `The template has a preStop hook that sleeps ${hook.seconds} s, but the pods stopped before that.`,
        };
  }
  if (!story.before && firstMs - askedMs > AT_ONCE_MS) {
    return {
      cause: 'prestop-too-short',
      confidence: 'low',
      because:
        'The pods went on for a while after they were told to end, and stopped while connections were still sent to them.',
      undecided: {
        causes: ['stops-before-endpoint-removal'],
        decidedBy:
          'The recording does not hold the pod template: see whether the container has a preStop hook.',
      },
    };
  }
  const sticky = drop.pod === pod && keptByAffinity(story, pod);
  if (sticky) return sticky;
  return {
    cause: hook ? 'prestop-too-short' : 'stops-before-endpoint-removal',
    confidence: hook ? 'medium' : 'high',
    because: hook
      ? 'The preStop hook was over while connections were still sent to the pods.'
      : `Other connections were answered meanwhile; these were still sent to pods that had been told to end${story.before ? ' and have no preStop hook' : ''}.`,
  };
}

/** The node told how the hook went, so that a hook that did not run is known from a pod that did not wait for it. */
function byMeasuredHook(
  { pod, askedMs, hookMs }: EndingDrop & { readonly hookMs: number },
  { seconds }: NonNullable<TemplateContainer['preStop']>,
  effective: boolean,
): Attribution {
  const { hookOverMs, hookShownBy, terminatingMs = askedMs } = pod;
  // One that lasted until the grace period was over has run, however long it should have.
  const wasCut = outlastedGrace(pod);
  if (seconds !== undefined && !wasCut && hookMs < (seconds * 1000) / 2) {
    const code = pod.hookExitCode ? `, with exit code ${pod.hookExitCode}` : '';
    // Only of a program it is known when it began: the event of another hook may be told much later than it began.
    const atMostMs =
      hookShownBy === 'process' || hookOverMs === undefined ? hookMs : hookOverMs - terminatingMs;
    return {
      cause: 'prestop-cannot-run',
      confidence: atMostMs < (seconds * 1000) / 2 ? 'high' : 'low',
      because: `The preStop hook should sleep ${seconds} s, and was over before half of that, as the node told${code}.`,
    };
  }
  if (effective) {
    return {
      cause: 'prestop-too-short',
      confidence: 'high',
      because: `The preStop hook ${seconds === undefined ? 'was over, as the node told' : `sleeps ${seconds} s`}, and connections were still sent to the pods after that.`,
    };
  }
  return {
    cause: 'stops-before-endpoint-removal',
    confidence: 'medium',
    because:
      'The pods stopped taking connections while their preStop hook was still running, as the node told: it does not keep them in service.',
  };
}

/** Every connection of this client was sent to the one pod that was ending, for it had always been. */
function keptByAffinity(story: Story, pod: PodStory): Attribution | undefined {
  if (!stickyPods(story).has(pod)) return undefined;
  return {
    cause: 'session-affinity',
    confidence: 'medium',
    because:
      'The Service has sessionAffinity ClientIP, and with hardly an exception connections were sent to one pod although others had been ready for long; that pod had been told to end and took none any more.',
    undecided: {
      causes: ['stops-before-endpoint-removal'],
      decidedBy:
        'The same scenario without `sessionAffinity`: what is lost then is lost for want of a preStop hook, and the rest because of the affinity.',
    },
  };
}

/** When each pod lost its first new connection, and those that were led to nobody, in the order of sending. */
const newConnectionsLost = remembered(({ drops }: Story) => {
  const fresh = drops.filter(({ reused }) => !reused).sort((a, b) => a.sentMs - b.sentMs);
  return {
    firstTo: new Map(fresh.toReversed().map(({ pod, sentMs }) => [pod, sentMs])),
    unrouted: fresh.filter(({ address }) => address === undefined),
  };
});

function refusesNewConnections({ story, pod, askedMs, drop }: EndingDrop): boolean {
  return (
    story.drops.some(
      (other) => other.pod === pod && other.class === 'refused' && other.sentMs >= askedMs - ARRIVAL_MS,
    ) ||
    // At its own address a pod refuses also when it has ended: that is no sign of life.
    ownAnswersWithin(story, pod, { fromMs: askedMs, toMs: drop.endedMs - AT_ONCE_MS }).includes('refused')
  );
}

/** Answers at its own address over this time, the last before it was killed, show that it took new connections until then. */
const TO_THE_END_MS = 1_000;

/** Did it answer new connections at its own address, and none in vain, up to its end? */
function takesNewConnections({ story, pod, drop: { endedMs } }: EndingDrop): boolean {
  const answers = ownAnswersWithin(story, pod, {
    fromMs: endedMs - TO_THE_END_MS - ARRIVAL_MS,
    toMs: endedMs - ARRIVAL_MS,
  });
  return answers.length > 1 && answers.every((answer) => answer === 'ok');
}

function isCut({ established, class: dropClass }: Drop): boolean {
  return (
    established &&
    (dropClass === 'reset-before-answer' || dropClass === 'closed-before-answer' || dropClass === 'truncated')
  );
}

function isLong({ sentMs, endedMs }: Drop): boolean {
  return endedMs - sentMs >= LONG_REQUEST_MS;
}
