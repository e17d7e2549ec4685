// `npm test`: types, lint, dist, unit tests, and the tests on a real kind cluster where Docker answers.
// With ROLLPROOF_REQUIRE_KIND=1 (the project's own CI) a machine without Docker fails instead of leaving them out.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const bin = (name: string) => join('node_modules', '.bin', name);
const reports = mkdtempSync(join(tmpdir(), 'rollproof-test-'));
const failures: string[] = [];
const notes: string[] = [];
let totals: Totals = { passed: 0, failed: 0, skipped: 0 };

step('types', bin('tsc'), ['--noEmit']);
step('lint', bin('biome'), ['check', '.']);
step('dist is up to date', process.execPath, ['scripts/verify-dist.ts']);
tests('unit');
tests('sandbox');

const missing = missingForKind();
if (missing === undefined) {
  // The pinned download of Calico is a matter of the network; a local copy makes the test independent of it.
  const withoutCalico = process.env.ROLLPROOF_CALICO_MANIFEST
    ? []
    : ['--exclude', 'test/e2e/calico.e2e.test.ts'];
  tests('e2e', withoutCalico);
  if (withoutCalico.length > 0)
    leftOut('the test on Calico', 'ROLLPROOF_CALICO_MANIFEST names no copy of its manifest');
} else {
  leftOut('the tests on a real kind cluster (test/e2e)', missing);
}

rmSync(reports, { recursive: true, force: true });
for (const note of notes) console.log(note);
for (const failure of failures) console.error(`failed: ${failure}`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = failures.length === 0 ? 0 : 1;

function step(name: string, file: string, args: readonly string[]): void {
  console.log(`\n▸ ${name}`);
  if (spawnSync(file, args, { stdio: 'inherit' }).status !== 0) failures.push(name);
}

function leftOut(what: string, why: string): void {
  if (process.env.ROLLPROOF_REQUIRE_KIND === '1')
    failures.push(`${what} may not be left out here, but ${why}`);
  else notes.push(`Left out: ${what}, because ${why}.`);
}

function tests(project: 'unit' | 'sandbox' | 'e2e', more: readonly string[] = []): void {
  const report = join(reports, `${project}.json`);
  step(`${project} tests`, bin('vitest'), [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...more,
  ]);
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
