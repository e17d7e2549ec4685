import type { Suggestion } from '../../model/finding.ts';
import { property } from '../../model/plain-data.ts';
import { firstSleepSeconds, isShell, shellScript, sleepSeconds } from '../../model/sleep-command.ts';
import type { StaticFinding } from '../../model/static-finding.ts';
import { type Container, type Hook, hookPath } from '../container.ts';
import { isBareImage } from '../image-contents.ts';
import { type CheckedDeployment, POD_SPEC } from '../inventory.ts';
import { hasSleepAction } from '../kubernetes-version.ts';
import { added, changed } from '../lines.ts';
import { ownWait } from '../own-wait.ts';
import { asSureAs, type CheckSettings, type DeploymentRule, finding } from '../rule.ts';

/** kube-proxy writes its rules once a second at most; as much again, and one more for a busy machine. */
const LEAST_HOOK_SECONDS = 3;

/** What is proposed: enough for kube-proxy with room, and short enough for the default grace period. */
const PROPOSED_HOOK_SECONDS = 5;

/** What a server needs to finish after its hook. */
const SHUTDOWN_SECONDS = 5;

const GRACE_PATH = [...POD_SPEC, 'terminationGracePeriodSeconds'];

/** How containers that answer requests end: does anything keep them until nobody sends them requests any more? */
export const missingPreStop: DeploymentRule = (deployment, _inventory, settings) => {
  if (deployment.served === 'no' || deployment.graceSeconds === 0) return [];
  return deployment.serving
    .filter(({ preStop }) => preStop === undefined)
    .map((container): StaticFinding => {
      const own = ownWait(container);
      const elsewhere = deployment.containers.find(({ preStop }) => preStop !== undefined);
      return finding(deployment.object, {
        cause: 'stops-before-endpoint-removal',
        severity: own === undefined ? 'warning' : 'info',
        at: container.path,
        text: [
          `Container ${container.name} has no preStop hook: it gets SIGTERM while nodes still send it new connections, and what arrives after it has stopped listening is lost.`,
          ...(elsewhere ? [`The hook of container ${elsewhere.name} does not hold it back.`] : []),
          own === undefined
            ? 'It holds unless the program itself goes on accepting for some seconds after SIGTERM.'
            : `It seems to wait by itself (${own}).`,
        ].join(' '),
        suggestion: ownHook(deployment, container, settings),
      });
    });
};

/** A hook that is too short, cut off, or without effect. */
export const faultyPreStop: DeploymentRule = (deployment, _inventory, settings) =>
  deployment.containers.flatMap((container): readonly StaticFinding[] => {
    const { preStop } = container;
    if (!preStop || deployment.graceSeconds === 0) return [];
    const why = whyItCannotRun(preStop, container, settings);
    if (why !== undefined) {
      const seconds = preStop.how === 'exec' ? (firstSleepSeconds(preStop.command) ?? 0) : 0;
      return [
        finding(deployment.object, {
          cause: 'prestop-cannot-run',
          severity: asSureAs(deployment, 'error'),
          at: hookPath(container),
          text: `The preStop hook of container ${container.name} has no effect: ${why}. SIGTERM follows at once.`,
          suggestion: hookInPlace(deployment, container, settings, seconds),
        }),
      ];
    }
    return lengthOfHook(deployment, container, preStop, settings);
  });

/** No time to end at all, or none left behind the hook. */
export const shortGrace: DeploymentRule = (deployment) => {
  const { graceSeconds, object, serving, served } = deployment;
  if (served === 'no') return [];
  const hookSeconds = Math.max(0, ...serving.map(({ preStop }) => leastSeconds(preStop) ?? 0));
  const left = graceSeconds - hookSeconds;
  // A hook that takes it all is another cause.
  if (left >= SHUTDOWN_SECONDS || (left <= 0 && graceSeconds > 0)) return [];
  const to = Math.ceil(hookSeconds) + 2 * SHUTDOWN_SECONDS;
  const raise = `Raise terminationGracePeriodSeconds to ${to}.`;
  return [
    finding(object, {
      cause: 'grace-too-short',
      severity: asSureAs(deployment, graceSeconds === 0 ? 'error' : 'warning'),
      at: GRACE_PATH,
      text:
        graceSeconds === 0
          ? 'The grace period is 0: old pods are killed at once, without a preStop hook and without SIGTERM.'
          : `${left} s are left for the server to finish its requests (a grace period of ${graceText(deployment)}${hookSeconds > 0 ? `, of which the preStop hook takes ${hookSeconds} s` : ''}).`,
      suggestion: graceOf(deployment, to, raise),
    }),
  ];
};

/** SIGTERM goes to the first process, and a shell neither passes it on nor ends by it. */
export const shellAsFirstProcess: DeploymentRule = (deployment) => {
  const { graceSeconds, object, podSpec, served, serving } = deployment;
  // With a shared process namespace the shell is not the first process, and ends like any other.
  if (served === 'no' || property(podSpec, 'shareProcessNamespace') === true) return [];
  return serving.flatMap((container): readonly StaticFinding[] => {
    if (container.command.length === 0) return [];
    const script = shellScript([...container.command, ...container.args]);
    if (script === undefined || /\b(exec|trap)\b/.test(script)) return [];
    const steps = stepsOf(script);
    if (steps.length === 0) return [];
    const several = steps.length > 1;
    const text = several
      ? `Container ${container.name} is started by a shell that stays its first process: SIGTERM does not reach the server, which is killed when the grace period of ${graceSeconds} s is over.`
      : `Container ${container.name} is started by a shell. Some shells (bash, newer dash) become the program they start, others stay its parent and keep SIGTERM from it until the grace period of ${graceSeconds} s is over.`;
    const at = [...container.path, 'command'];
    const severity = several ? 'warning' : 'info';
    return [
      finding(object, {
        cause: 'sigterm-ignored',
        severity,
        at,
        text,
        suggestion: execed(container, script),
      }),
    ];
  });
};

function lengthOfHook(
  deployment: CheckedDeployment,
  container: Container,
  preStop: Hook,
  settings: CheckSettings,
): readonly StaticFinding[] {
  const { graceSeconds, object } = deployment;
  const least = leastSeconds(preStop);
  if (least === undefined) return [];
  if (least >= graceSeconds) {
    const refused = preStop.how === 'sleep' && least > graceSeconds;
    const end = refused
      ? 'The API server refuses a sleep that is longer.'
      : 'The hook is cut off there, and the container is killed two seconds later, without time to finish its requests.';
    const to = Math.ceil(least) + 2 * SHUTDOWN_SECONDS;
    return [
      finding(object, {
        cause: 'prestop-exceeds-grace',
        severity: refused ? 'error' : asSureAs(deployment, 'error'),
        at: hookPath(container),
        text: `The preStop hook of container ${container.name} takes ${least} s, and the grace period that it is part of is ${graceText(deployment)}. ${end}`,
        suggestion: graceOf(
          deployment,
          to,
          `Raise terminationGracePeriodSeconds to ${to}: ${2 * SHUTDOWN_SECONDS} s are left to finish after the hook.`,
        ),
      }),
    ];
  }
  const isServing = deployment.served !== 'no' && deployment.serving.includes(container);
  const all = preStop.how === 'exec' ? sleepSeconds(preStop.command) : least;
  if (!isServing || all === undefined || all >= LEAST_HOOK_SECONDS) return [];
  return [
    finding(object, {
      cause: 'prestop-too-short',
      severity: 'warning',
      at: hookPath(container),
      text: `The preStop hook of container ${container.name} sleeps ${all} s. kube-proxy writes its rules once a second at most, and the news has to reach it first: ${LEAST_HOOK_SECONDS} s are the least with a margin of 2 s.`,
      suggestion: hookInPlace(deployment, container, settings, PROPOSED_HOOK_SECONDS),
    }),
  ];
}

/** What a hook takes at least; undefined where that is not to be seen. */
function leastSeconds(hook: Hook | undefined): number | undefined {
  if (hook?.how === 'sleep') return hook.seconds;
  return hook?.how === 'exec' ? firstSleepSeconds(hook.command) : undefined;
}

function whyItCannotRun(
  hook: Hook,
  { image }: Container,
  { kubernetesVersion }: CheckSettings,
): string | undefined {
  if (hook.how === 'sleep' && !hasSleepAction(kubernetesVersion)) {
    return `the cluster is to be of version ${kubernetesVersion}, and preStop.sleep is there from 1.30 on`;
  }
  if (hook.how !== 'exec') return undefined;
  const [program = '', ...rest] = hook.command;
  if (program === '') return 'its command is empty';
  if (/\s/.test(program) && rest.length === 0) {
    return `its command is one word, so that a program called ${JSON.stringify(program)} is looked for`;
  }
  const script = shellScript(hook.command);
  if (script !== undefined && /^\s*(exec\s+)?(\S*\/)?sleep\s*$/.test(script)) {
    const lost = hook.command[3];
    return `sleep gets no number${lost === undefined ? '' : `: what stands behind the script (${lost}) is not part of it`}`;
  }
  if (/(^|\/)sleep$/.test(program) && rest.length === 0) return 'sleep gets no number';
  const isOfAnImage = isShell(program) || /^(\/(usr\/)?bin\/)?(sleep|touch|wget|curl|kill)$/.test(program);
  return isOfAnImage && isBareImage(image) ? `image ${image} has no ${program}` : undefined;
}

/** The hook to write where there is none. */
function ownHook(
  deployment: CheckedDeployment,
  container: Container,
  settings: CheckSettings,
): Suggestion | undefined {
  const hook = hookLines(container, settings, PROPOSED_HOOK_SECONDS);
  if (!hook) return cannotSleep(container);
  const more = graceFits(deployment) ? '' : raiseGrace();
  const text = `Let ${container.name} sleep ${PROPOSED_HOOK_SECONDS} s before it gets SIGTERM.${more}`;
  const spot = { object: deployment.object, path: container.path };
  // A lifecycle that is there already has other hooks.
  return container.hasLifecycle
    ? added({ ...spot, path: [...container.path, 'lifecycle'] }, text, hook)
    : added(spot, text, ['lifecycle:', ...hook.map((line) => `  ${line}`)]);
}

/** The hook to write instead of the one that is there. */
function hookInPlace(
  deployment: CheckedDeployment,
  container: Container,
  settings: CheckSettings,
  wanted: number,
): Suggestion {
  const seconds = Math.max(Math.ceil(wanted), PROPOSED_HOOK_SECONDS);
  const text = `Let ${container.name} sleep ${seconds} s before it gets SIGTERM.${graceFits(deployment, seconds) ? '' : raiseGrace(seconds)}`;
  const { preStop } = container;
  if (preStop?.how === 'sleep' && hasSleepAction(settings.kubernetesVersion)) {
    const spot = { object: deployment.object, path: [...hookPath(container), 'sleep', 'seconds'] };
    return changed(spot, text, preStop.seconds, seconds);
  }
  const yaml = hookLines(container, settings, seconds);
  return yaml ? { text, yaml } : cannotSleep(container);
}

function hookLines(
  { image }: Container,
  { kubernetesVersion }: CheckSettings,
  seconds: number,
): readonly string[] | undefined {
  if (hasSleepAction(kubernetesVersion)) return ['preStop:', '  sleep:', `    seconds: ${seconds}`];
  return isBareImage(image) ? undefined : ['preStop:', '  exec:', `    command: ["sleep", "${seconds}"]`];
}

function cannotSleep({ name }: Container): Suggestion {
  return {
    text: `Let ${name} itself go on accepting for ${PROPOSED_HOOK_SECONDS} s after SIGTERM, or use Kubernetes 1.30: neither this image nor this version can sleep in a hook.`,
    yaml: [],
  };
}

function graceOf(deployment: CheckedDeployment, to: number, text: string): Suggestion {
  const { object } = deployment;
  return isGraceWritten(deployment)
    ? changed({ object, path: GRACE_PATH }, text, deployment.graceSeconds, to)
    : added({ object, path: POD_SPEC }, text, [`terminationGracePeriodSeconds: ${to}`]);
}

function graceFits({ graceSeconds }: CheckedDeployment, hookSeconds = PROPOSED_HOOK_SECONDS): boolean {
  return hookSeconds + SHUTDOWN_SECONDS <= graceSeconds;
}

function raiseGrace(hookSeconds = PROPOSED_HOOK_SECONDS): string {
  return ` Raise terminationGracePeriodSeconds to ${hookSeconds + 2 * SHUTDOWN_SECONDS}, too: it begins before the hook.`;
}

function graceText(deployment: CheckedDeployment): string {
  const { graceSeconds } = deployment;
  return isGraceWritten(deployment) ? `${graceSeconds} s` : `${graceSeconds} s (the default)`;
}

function isGraceWritten({ podSpec }: CheckedDeployment): boolean {
  return typeof property(podSpec, 'terminationGracePeriodSeconds') === 'number';
}

/** The commands of a script. Quotes are not minded: it is their number that counts, and whether there is one only. */
function stepsOf(script: string): readonly string[] {
  return script
    .replace(/\\\n/g, ' ')
    .replace(/\d?[<>]&\d?-?|&>/g, ' ')
    .split(/[\n;|&]+/)
    .map((step) => step.trim())
    .filter((step) => step !== '' && !step.startsWith('#'));
}

/** The script with exec before its last command, where it is plain to see which one that is. */
function execed({ command, args }: Container, script: string): Suggestion {
  const text = 'Let the shell become the server: put exec before the command that starts it.';
  const [shell = 'sh', option = '-c'] = [...command, ...args];
  const last = /(?:^|\n|;|&&)\s*([^\n;&|]+?);?\s*$/.exec(script)?.[1];
  const plain =
    last !== undefined && !/["'`\\(){}#]|\b(if|for|while|until|case|do|done|fi|esac)\b/.test(script);
  if (!plain || script.length > 500) return { text, yaml: [] };
  const start = script.lastIndexOf(last);
  const lines = `${script.slice(0, start)}exec ${last}`.split('\n');
  return {
    text,
    yaml: [
      'command:',
      `  - ${JSON.stringify(shell)}`,
      `  - ${JSON.stringify(option)}`,
      '  - |',
      ...lines.map((line) => `    ${line.trim()}`),
    ],
  };
}
