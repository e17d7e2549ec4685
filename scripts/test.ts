// `npm test`: types, lint, dist, unit tests, gates on the sandbox, and the tests on a real kind cluster where Docker
// answers. With ROLLPROOF_REQUIRE_KIND=1 (the project's own CI) a machine without Docker fails instead of leaving them
// out. All but the tests on kind take about a minute of two cores; CONTRIBUTING.md says how that is kept.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Three turns to one: the others have deadlines, too. */
const AHEAD = 5;

const { PRIORITY_HIGHEST, PRIORITY_LOW } = constants.priority;
const bin = (name: string) => join('node_modules', '.bin', name);
const reports = mkdtempSync(join(tmpdir(), 'rollproof-test-'));
const failures: string[] = [];
const notes: string[] = [];
/** Each step has a session of its own, which a Ctrl-C in the terminal does not reach. */
const sessions = new Set<number>();
const startedMs = performance.now();
let totals: Totals = { passed: 0, failed: 0, skipped: 0 };

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const session of sessions) process.kill(-session, signal);
    process.exit(1);
  });
}

// Gates, and tests that keep time, mostly wait for their timers, and must not be kept waiting when those are due:
// everything else takes the processor time that they leave. Where they may not go before others, the rest goes behind.
const own = getPriority();
const place = mayGoFirst() ? { waiting: own - AHEAD, others: own } : { waiting: own, others: own + AHEAD };
await Promise.all([
  tests('sandbox', { priority: place.waiting }),
  tests('timed', { priority: place.waiting }),
  beside(place.others),
]);
console.log(`\nWithout a cluster: ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);

const missing = missingForKind();
if (missing === undefined) {
  // The pinned download of Calico is a matter of the network; a local copy makes the test independent of it.
  const withoutCalico = process.env.ROLLPROOF_CALICO_MANIFEST
    ? []
    : ['--exclude', 'test/e2e/calico.e2e.test.ts'];
  await tests('e2e', { more: withoutCalico });
  if (withoutCalico.length > 0)
    leftOut('the test on Calico', 'ROLLPROOF_CALICO_MANIFEST names no copy of its manifest');
  await tests('gallery');
} else {
  leftOut('the tests on a real kind cluster (test/e2e, test/gallery)', missing);
}

rmSync(reports, { recursive: true, force: true });
for (const note of notes) console.log(note);
for (const failure of failures) console.error(`failed: ${failure}`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function beside(priority: number): Promise<void> {
  const checks = async () => {
    // On threads of its own it takes a quarter more of the processor.
    await step('types', bin('tsc'), ['--noEmit', '--singleThreaded'], { priority });
    await step('lint', bin('biome'), ['check', '.'], { priority });
    await step('dist is up to date', process.execPath, ['scripts/verify-dist.ts'], { priority });
  };
  await Promise.all([tests('unit', { priority }), checks()]);
}

/** Runs a program to its end; what it prints comes out in one piece, because others run beside it. */
async function step(
  name: string,
  file: string,
  args: readonly string[],
  { priority }: { readonly priority?: number } = {},
): Promise<void> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const { pid } = child;
  if (pid !== undefined) {
    sessions.add(pid);
    child.once('exit', () => sessions.delete(pid));
    if (priority !== undefined) putInLine(pid, priority);
  }
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = await new Promise<boolean>((resolve) => {
    child.on('error', (error) => {
      output += error.message;
      resolve(false);
    });
    child.on('close', (exitCode) => resolve(exitCode === 0));
  });
  process.stdout.write(`\n▸ ${name}\n${output}`);
  if (!ended) failures.push(name);
}

/** Root may, but not in every container. */
function mayGoFirst(): boolean {
  try {
    setPriority(own - 1);
    setPriority(own);
    return true;
  } catch {
    return false;
  }
}

/**
 * Gives a step its place in line. Many kernels share the processor among sessions first, and let a priority count only
 * among the processes of one session.
 */
function putInLine(pid: number, priority: number): void {
  setPriority(pid, Math.max(PRIORITY_HIGHEST, Math.min(PRIORITY_LOW, priority)));
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(priority));
  } catch {
    // No such groups: the priority alone counts.
  }
}

function leftOut(what: string, why: string): void {
  if (process.env.ROLLPROOF_REQUIRE_KIND === '1')
    failures.push(`${what} may not be left out here, but ${why}`);
  else notes.push(`Left out: ${what}, because ${why}.`);
}

async function tests(
  project: 'unit' | 'timed' | 'sandbox' | 'e2e' | 'gallery',
  { more = [], priority }: { readonly more?: readonly string[]; readonly priority?: number } = {},
): Promise<void> {
  const report = join(reports, `${project}.json`);
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json'];
  await step(
    `${project} tests`,
    bin('vitest'),
    [...args, `--outputFile.json=${report}`, ...more],
    priority === undefined ? {} : { priority },
  );
  const counts = readCounts(report);
  if (counts.passed === 0) failures.push(`no ${project} test passed`);
  totals = {
    passed: totals.passed + counts.passed,
    failed: totals.failed + counts.failed,
    skipped: totals.skipped + counts.skipped,
  };
}

function readCounts(report: string): Totals {
  try {
    const json: { numPassedTests: number; numFailedTests: number; numPendingTests: number } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    return { passed: json.numPassedTests, failed: json.numFailedTests, skipped: json.numPendingTests };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

function missingForKind(): string | undefined {
  if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status !== 0) return 'no Docker engine answers';
  if (spawnSync('kind', ['version'], { stdio: 'ignore' }).status !== 0)
    return 'the kind CLI is not installed';
  return undefined;
}
