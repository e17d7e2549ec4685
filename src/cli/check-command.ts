import { type Command, Option } from 'commander';
import { type CheckResult, checkManifests } from '../check/check-manifests.ts';
import { cliOption } from '../inputs/cli-arguments.ts';
import { loadSettings } from '../inputs/load-settings.ts';
import { readManifests } from '../inputs/manifests/read-manifests.ts';
import { GIT_BASE } from '../inputs/paths-in-place.ts';
import { readWhole } from '../inputs/read-whole.ts';
import { kubernetesVersion } from '../inputs/values.ts';
import { BadInputError } from '../model/problem.ts';
import { SEVERITIES, type Severity } from '../model/static-finding.ts';
import { chooseAnnotations, staticAnnotation } from '../publish/annotations.ts';
import { createLog, hasColours } from '../publish/log.ts';
import { renderStaticJson, renderStaticText } from '../report/static-findings.ts';
import type { Session } from './session.ts';

const FORMATS = ['text', 'json', 'github'] as const;
const FAIL_ON = ['error', 'warning', 'info', 'never'] as const;

type Format = (typeof FORMATS)[number];

export interface CheckOptions {
  readonly format?: Format;
  readonly failOn: (typeof FAIL_ON)[number];
  readonly kubernetesVersion?: string;
  /** More paths. */
  readonly manifests?: readonly string[];
}

/** Declares `rollproof check`. */
export function declareCheck(program: Command, session: Session, exit: (code: number) => void): void {
  program
    .command('check')
    .description('look for causes of dropped requests in manifests alone, without a cluster')
    .argument('[path...]', 'files, folders, globs, kustomizations, or -; default: those of the config file')
    .addOption(new Option(cliOption('manifests').flags, 'the same as naming the paths alone'))
    .addOption(
      new Option(
        '--format <format>',
        'how to print findings (default: github in a workflow, else text)',
      ).choices(FORMATS),
    )
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 from this severity on')
        .choices(FAIL_ON)
        .default('error'),
    )
    .option('--kubernetes-version <version>', 'version of the clusters that this is for, such as 1.34')
    .action(async (paths, options) => exit(await checkCommand(session, paths, options)));
}

/** Prints what the rules say of manifests. 0: nothing of the given severity or above it; 1: something. */
export async function checkCommand(
  { installation, signal }: Session,
  named: readonly string[],
  options: CheckOptions,
): Promise<number> {
  const paths = [...named, ...(options.manifests ?? [])];
  const version = checkedVersion(options.kubernetesVersion);
  const manifests = paths.length > 0 ? { paths, kubernetesVersion: undefined } : await configured();
  const objects = await readManifests(manifests.paths, {
    root: { folder: '', prefix: '', workspace: workspace() },
    signal,
    repeats: 'allowed',
    stdin: () => readWhole(process.stdin),
  });
  const result = checkManifests(objects, { kubernetesVersion: version ?? manifests.kubernetesVersion });
  const otherwise = process.env.GITHUB_ACTIONS === 'true' ? 'github' : 'text';
  print({ rollproof: installation.version, ...result }, options.format ?? otherwise);
  return isFailing(result, options.failOn) ? 1 : 0;
}

function print(report: CheckResult & { readonly rollproof: string }, format: Format): void {
  if (format === 'json') {
    process.stdout.write(`${renderStaticJson(report)}\n`);
    return;
  }
  const colours = format === 'text' && hasColours(process.env, process.stdout);
  process.stdout.write(`${renderStaticText(report, { colours })}\n`);
  if (format !== 'github') return;
  const log = createLog({ style: 'github', output: process.stdout });
  for (const annotation of chooseAnnotations(report.findings.map(staticAnnotation))) log.annotate(annotation);
}

function isFailing({ findings }: CheckResult, failOn: CheckOptions['failOn']): boolean {
  if (failOn === 'never') return false;
  const failing: readonly Severity[] = SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1);
  return findings.some(({ severity }) => failing.includes(severity));
}

/** In a workflow manifests may be a stranger's: none may lead out of the checked out folder. */
function workspace(): string | undefined {
  return process.env.GITHUB_WORKSPACE || undefined;
}

/** What the config file deploys, old version and new. */
async function configured() {
  const { settings } = await loadSettings(new Map(), { workspace: workspace() });
  const paths = settings.scenarios.flatMap(({ manifests, update }) =>
    update.kind === 'apply' && update.from !== GIT_BASE ? [...manifests, update.from] : manifests,
  );
  return { paths: [...new Set(paths)], kubernetesVersion: settings.cluster.kubernetesVersion };
}

function checkedVersion(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const parsed = kubernetesVersion.schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new BadInputError([
    {
      code: 'RP1006',
      what: `--kubernetes-version has to be ${kubernetesVersion.expects}, not ${JSON.stringify(given)}.`,
      where: '--kubernetes-version',
      remedy: 'Correct it, or leave it out.',
    },
  ]);
}
