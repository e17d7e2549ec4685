import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CAUSES, type Finding } from '../../src/model/finding.ts';
import type { GateResult, ScenarioResult } from '../../src/model/verdict.ts';
import { runScenarios } from '../support/run-scenarios.ts';

const CONFIG = 'test/gallery/rollproof.yml';
const config = parse(readFileSync(CONFIG, 'utf8'));
const names: readonly string[] = config.scenarios.map(({ name }: { readonly name: string }) => name);
const bad = names.filter((name) => causeOf(name) !== 'good');

/** Not more of all drops than this may stay without an explanation. */
const UNEXPLAINED_LIMIT = 0.01;

describe('the gallery on a real kind cluster', () => {
  let result: GateResult;
  beforeAll(async () => {
    result = await runScenarios(CONFIG, ({ name, verdict, findings = [] }) =>
      causeOf(name) === 'good' ? verdict === 'pass' : findings[0]?.cause === causeOf(name),
    );
  });
  const row = (name: string): ScenarioResult => {
    const found = result.scenarios.find((scenario) => scenario.name === name);
    if (!found) throw new Error(`there is no scenario ${name} in the result`);
    return found;
  };

  it.each(bad)('%s: its own cause is the first finding, and no other is named with confidence', (name) => {
    const { findings = [], requests, reasons } = row(name);
    const [first, ...others] = aboutTheWorkload(findings);
    const told = JSON.stringify({ requests, reasons, findings }, undefined, 1);
    expect(first?.cause, told).toBe(causeOf(name));
    expect(
      // What the finding itself says that it cannot be told from may be named beside it.
      others.filter(
        ({ cause, confidence }) => confidence !== 'low' && !first?.undecided?.causes.includes(cause),
      ),
      told,
    ).toEqual([]);
  });

  it.each(names.filter((name) => !bad.includes(name)))('%s: nothing is lost and nothing found', (name) => {
    const { findings = [], requests } = row(name);
    expect(requests.dropped, JSON.stringify(findings)).toBe(0);
    expect(aboutTheWorkload(findings)).toEqual([]);
  });

  it('tells of the retries by which a proxy hid its drops', () => {
    const { nearMisses = [] } = row('good, a proxy that tries again');
    expect(nearMisses.map(({ code }) => code)).toContain('proxy-retried');
  });

  it.each([
    ['prestop-too-short', 'process'],
    ['prestop-exceeds-grace', 'process'],
    ['local-traffic-policy', 'signal'],
  ])('%s: its nodes tell when hooks were over and stop signals sent', (name, shownBy) => {
    const old = row(name).runs.flatMap(({ pods }) => pods.filter(({ generation }) => generation === 'old'));
    expect(old.length).toBeGreaterThan(0);
    for (const { hookShownBy, hookOverMs = 0, signalledMs = 0, deleteAskedMs = 0 } of old) {
      expect(hookShownBy).toBe(shownBy);
      expect(signalledMs).toBeGreaterThanOrEqual(hookOverMs);
      // The watch tells of the deletion a little late.
      expect(hookOverMs).toBeGreaterThan(deleteAskedMs - 500);
    }
  });

  it.each([['stops-before-endpoint-removal'], ['readiness-too-early']])(
    '%s: the pods themselves, asked at their own addresses, did not answer either',
    (name) => {
      expect(row(name).findings[0]?.evidence.join(' ')).toContain('these pods did not answer either');
    },
  );

  it('names a cause for each scenario that is in the list of causes', () => {
    expect(bad.map(causeOf).filter((cause) => !Object.hasOwn(CAUSES, cause))).toEqual([]);
  });

  it('leaves less than one drop in a hundred without an explanation', () => {
    const dropped = result.scenarios.reduce((sum, { requests }) => sum + requests.dropped, 0);
    const unexplained = result.scenarios
      .flatMap(({ findings = [] }) => findings)
      .filter(({ cause }) => cause === 'unexplained')
      .reduce((sum, { drops }) => sum + drops, 0);
    console.log(
      `${unexplained} of ${dropped} dropped requests stay unexplained (${((100 * unexplained) / dropped).toFixed(2)} %)`,
    );
    expect(dropped).toBeGreaterThan(1_000);
    expect(unexplained / dropped).toBeLessThan(UNEXPLAINED_LIMIT);
  });
});

/** Scenarios are named for their cause; what comes after a comma tells several apart. */
function causeOf(name: string): string {
  return name.split(',')[0] ?? name;
}

/** Requests that the prober had no time for say something of this machine, and count as not judged. */
function aboutTheWorkload(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ cause, drops }) => cause !== 'prober-fault' || drops > 0);
}
