import { EnvironmentError, type Problem } from '../../model/problem.ts';
import type { CommandError } from '../../platform/process.ts';
import { INOTIFY_REMEDY } from '../host/host-problems.ts';

/** Turns a failed `kind create cluster` into the problem behind it, as far as kind's output tells. */
export function creationFailed(error: CommandError): EnvironmentError {
  return new EnvironmentError(problemOf(error.output), { cause: error });
}

/** Signs in kind's output, the most telling first. */
const CAUSES: readonly { readonly sign: RegExp; readonly problem: Omit<Problem, 'why'> }[] = [
  {
    sign: /failed to pull image|pull access denied|manifest unknown/i,
    problem: {
      code: 'RP2107',
      what: 'The node image could not be pulled.',
      remedy: 'Name another one in `node-image`, or load it into Docker beforehand.',
    },
  },
  {
    sign: /too many open files/i,
    problem: {
      code: 'RP2101',
      what: 'kind could not create the cluster: inotify limits are too low.',
      remedy: INOTIFY_REMEDY,
    },
  },
  {
    sign: /no space left on device/i,
    problem: {
      code: 'RP2101',
      what: 'kind could not create the cluster: the disk is full.',
      remedy: 'Free space with `docker system prune`.',
    },
  },
  {
    sign: /invalid configuration|unable to decode config|unknown field|yaml: /i,
    problem: {
      code: 'RP2101',
      what: 'kind refused the cluster configuration.',
      remedy: 'Correct your `kind-config`; ours is merged under it.',
    },
  },
];

function problemOf(output: string): Problem {
  const why = output
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*[•✓]/.test(line))
    .slice(-25)
    .join('\n');
  const known = CAUSES.find(({ sign }) => sign.test(output))?.problem;
  const unknown = {
    code: 'RP2101',
    what: 'kind could not create the cluster.',
    remedy: 'Run `rollproof doctor`, and look at the cluster logs beside the report.',
  };
  return { ...(known ?? unknown), ...(why ? { why } : {}) };
}
