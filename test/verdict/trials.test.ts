import { describe, expect, it } from 'vitest';
import type { Trial } from '../../src/model/trial.ts';
import type { RunResult } from '../../src/model/verdict.ts';
import { fixSentence, suggestionLabel } from '../../src/report/fix-text.ts';
import { scenarioResult } from '../../src/verdict/combine.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { asksForRolledControl, fixToTry } from '../../src/verdict/trials.ts';
import { aRecording, aScenario, type RecordingOptions } from '../support/a-recording.ts';
import { aRolloutStory, RECREATED } from '../support/a-rollout-story.ts';

const scenario = aScenario();
/** New connections are refused by an old pod without a preStop hook. */
const stopsTooEarly = (draw = 'xxxx') =>
  judgeRun(
    aRolloutStory({
      template: {},
      exit: { code: 0, atMs: 4_800 },
      target: [{ atMs: 4_510, draw }],
    }),
  );
const recreated = judgeRun(aRolloutStory({ ...RECREATED, target: [{ atMs: 3_410, draw: 'x'.repeat(50) }] }));
const run = (options: RecordingOptions = {}) => judgeRun(aRecording(options));

const scenarioOf = (runs: readonly RunResult[], trial?: Trial, results: readonly RunResult[] = []) =>
  scenarioResult({
    scenario,
    runs,
    trials: trial ? results.map((result, index) => ({ trial, result: { ...result, run: index + 1 } })) : [],
  });

describe('what is tried', () => {
  it('is the suggestions of all findings at once, as changes to the manifests', () => {
    const trial = fixToTry(scenarioOf([stopsTooEarly()]), 3);
    expect(trial).toMatchObject({ kind: 'fix', causes: ['stops-before-endpoint-removal'], runs: 3 });
    expect(trial?.patches).toEqual([
      {
        kind: 'Deployment',
        name: 'web',
        fields: {
          spec: {
            template: {
              spec: { containers: [{ name: 'nginx', lifecycle: { preStop: { sleep: { seconds: 3 } } } }] },
            },
          },
        },
      },
    ]);
  });

  it('is nothing where no request was dropped, or no line of the manifest helps', () => {
    expect(fixToTry(scenarioOf([run()]), 3)).toBeUndefined();
    const closed = judgeRun(
      aRolloutStory({
        template: {},
        scenario: { connection: 'keep-alive' },
        reused: true,
        exit: { code: 0, atMs: 4_800 },
        target: [{ atMs: 4_520, draw: 'rr.r' }],
      }),
    );
    expect(closed.findings[0]?.cause).toBe('keep-alive-closed-at-shutdown');
    expect(closed.findings[0]?.suggestion?.text).toMatch(/^No line of the manifest helps\. /);
    expect(fixToTry(scenarioOf([closed]), 3)).toBeUndefined();
  });
});

describe('the suggestion of several runs', () => {
  it('is enough for the run in which pods were sent connections for longest, not for the one that dropped most', () => {
    const late = judgeRun(
      aRolloutStory({
        template: {},
        exit: { code: 0, atMs: 4_800 },
        target: [
          { atMs: 4_510, draw: 'x' },
          { atMs: 6_000, draw: 'x' },
        ],
      }),
    );
    const trial = fixToTry(scenarioOf([stopsTooEarly('xxxxx'), { ...late, run: 2 }]), 3);
    expect(JSON.stringify(trial?.patches)).toContain('"sleep":{"seconds":4}');
  });
});

describe('a suggested change', () => {
  const own = [stopsTooEarly('xxx'), { ...stopsTooEarly('xxxxx'), run: 2 }];
  const trial = fixToTry(scenarioOf(own), 2);
  const fix = (results: readonly RunResult[]) => scenarioOf(own, trial, results).findings[0]?.fix;

  it('is only suggested where it was not tried', () => {
    expect(fix([])).toEqual({ state: 'suggested' });
  });

  it('is proven where every planned run passes', () => {
    expect(fix([run(), run()])).toEqual({
      state: 'proven',
      trials: { runs: 2, planned: 2, passed: 2, before: 5, dropped: 0, together: [] },
    });
  });

  it('is not proven by fewer runs than were planned', () => {
    expect(fix([run()])).toMatchObject({ state: 'untested', trials: { runs: 1, passed: 1 } });
  });

  it('is proven by those that pass, whatever else ended without a verdict', () => {
    const asleep = run({ asleep: [{ fromMs: 4_000, toMs: 5_000 }] });
    expect(fix([run(), asleep, run()])).toMatchObject({
      state: 'proven',
      trials: { runs: 3, planned: 2, passed: 2 },
    });
    expect(fix([run(), asleep, asleep, asleep])).toMatchObject({ state: 'untested', trials: { passed: 1 } });
  });

  it('is not proven by a trial of which no run had to pass, and none did', () => {
    const asleep = run({ asleep: [{ fromMs: 4_000, toMs: 5_000 }] });
    const none = trial && { ...trial, runs: 0 };
    expect(scenarioOf(own, none, [asleep]).findings[0]?.fix?.state).toBe('untested');
  });

  it('is only suggested where what was tried is another change to the same object', () => {
    const other = JSON.stringify(trial).replace('"seconds":3', '"seconds":2');
    expect(other).not.toBe(JSON.stringify(trial));
    expect(scenarioOf(own, JSON.parse(other), [run(), run()]).findings[0]?.fix).toEqual({
      state: 'suggested',
    });
  });

  it('is proven by a larger number that was tried along for the sake of another cause', () => {
    const more = JSON.parse(JSON.stringify(trial).replace('"seconds":3', '"seconds":4'));
    expect(scenarioOf(own, more, [run(), run()]).findings[0]?.fix?.state).toBe('proven');
  });

  it('counts no drops of a trial that came to no verdict, where another one did', () => {
    const excused = judgeRun(
      aRecording({
        target: [{ atMs: 4_510, draw: 'xxx' }],
        steady: [{ atMs: 4_510, draw: 'x' }],
      }),
    );
    expect(excused).toMatchObject({ verdict: 'inconclusive', requests: { dropped: 3 } });
    expect(fix([excused, run(), run()])).toMatchObject({
      state: 'proven',
      trials: { passed: 2, dropped: 0 },
    });
    expect(fix([excused])).toMatchObject({ state: 'untested', trials: { dropped: 3 } });
  });

  it('is withdrawn where requests are still dropped for the same cause', () => {
    expect(fix([run(), stopsTooEarly('xx')])).toMatchObject({
      state: 'withdrawn',
      trials: { runs: 2, passed: 1, dropped: 2, why: expect.stringContaining('stops-before') },
    });
  });

  it('is withdrawn where it moves the drops to a cause that was not there before', () => {
    expect(fix([recreated])).toMatchObject({ state: 'withdrawn' });
  });

  it('is withdrawn where the rollout fails with it', () => {
    const failed = run({ outcome: 'crash-loop', detail: 'exit code 1' });
    expect(failed.verdict).toBe('rollout-failed');
    expect(fix([failed])).toMatchObject({ state: 'withdrawn' });
    const [finding] = scenarioOf(own, trial, [failed]).findings;
    expect(finding && suggestionLabel(finding)).toBe(
      'Suggestion withdrawn, the rollout fails with it (5 → 0 in 1 run, of which none passed)',
    );
    expect(finding && fixSentence(finding)).toMatch(
      /^What was suggested is withdrawn: 5 → 0 in 1 run, of which none passed\. With it the rollout failed\. /,
    );
  });

  it('is neither proven nor withdrawn by a run without a verdict, and says why', () => {
    const asleep = run({ asleep: [{ fromMs: 4_000, toMs: 5_000 }] });
    expect(asleep.verdict).toBe('inconclusive');
    expect(fix([asleep])).toMatchObject({
      state: 'untested',
      trials: { passed: 0, why: asleep.reasons[0]?.text },
    });
  });

  it('is neither where what is left has causes of its own that were there before', () => {
    const both = scenarioOf([stopsTooEarly('xxx'), { ...recreated, run: 2 }]);
    const tried = fixToTry(both, 2);
    const after = scenarioOf(both.runs, tried, [recreated]).findings;
    const stateOf = (cause: string) => after.find((finding) => finding.cause === cause)?.fix?.state;
    expect(stateOf('stops-before-endpoint-removal')).toBe('untested');
    expect(stateOf('no-endpoints')).toBe('withdrawn');
  });

  it('changes no figure and no verdict of the scenario', () => {
    const { trials, findings, ...rest } = scenarioOf(own, trial, [run(), run()]);
    const { findings: before, ...plain } = scenarioOf(own);
    expect(rest).toEqual(plain);
    expect(findings.map(({ fix: _, ...finding }) => finding)).toEqual(
      before.map(({ fix: _, ...finding }) => finding),
    );
    expect(trials?.[0]?.results).toHaveLength(2);
  });
});

describe('the bad twin', () => {
  const twin: Trial = { kind: 'sensitivity', causes: [], patches: [], runs: 1 };
  const sensitivity = (result: RunResult) => scenarioOf([run()], twin, [result]).sensitivity;

  it('shows that the setup shows drops, or does not, or that this is not known', () => {
    expect(sensitivity(stopsTooEarly('xxxx'))).toMatchObject({ state: 'shown', dropped: 4 });
    expect(sensitivity(run())).toMatchObject({ state: 'not-shown', dropped: 0 });
    expect(sensitivity(run({ end: 'missing' }))).toMatchObject({ state: 'unknown', why: expect.any(String) });
    expect(scenarioOf([run()]).sensitivity).toBeUndefined();
  });

  it('leaves the pass a pass', () => {
    expect(scenarioOf([run()], twin, [stopsTooEarly()]).verdict).toBe('pass');
  });
});

describe('the rolled control', () => {
  const known: Trial = { kind: 'rolled-control', causes: [], patches: [], runs: 1 };
  const unexplained = run({ lostAt: 'new', target: [{ atMs: 8_000, draw: 'r' }] });

  it('is asked for by drops that nothing explains, or by any, and never by a pass', () => {
    expect(asksForRolledControl(scenarioOf([unexplained]), 'unexplained')).toBe(true);
    expect(asksForRolledControl(scenarioOf([stopsTooEarly()]), 'unexplained')).toBe(false);
    expect(asksForRolledControl(scenarioOf([stopsTooEarly()]), 'dropped')).toBe(true);
    expect(asksForRolledControl(scenarioOf([run()]), 'dropped')).toBe(false);
  });

  it('that loses nothing leaves the findings as they are', () => {
    const { findings, rolledControl, verdict } = scenarioOf([stopsTooEarly()], known, [run()]);
    expect(rolledControl).toMatchObject({ state: 'clean', dropped: 0 });
    expect(findings).toEqual(scenarioOf([stopsTooEarly()]).findings);
    expect(verdict).toBe('dropped');
  });

  it('that loses requests as well makes no cause sure, and changes no verdict', () => {
    const { findings, rolledControl, verdict, requests } = scenarioOf([stopsTooEarly()], known, [
      stopsTooEarly('xxxxxx'),
    ]);
    expect(rolledControl).toMatchObject({ state: 'dropped', dropped: 6 });
    expect(findings).toMatchObject([{ cause: 'stops-before-endpoint-removal', confidence: 'low', drops: 4 }]);
    expect(findings[0]?.evidence.at(-1)).toMatch(/^A known-good app, .* lost 6 of [\d,]+ requests as well/);
    expect([verdict, requests.dropped]).toEqual(['dropped', 4]);
  });

  it('that loses requests before it is updated says the same: the cluster does not lead to it', () => {
    const before = run({ target: [{ atMs: 1_000, draw: 'xxx' }], end: 'baseline-failing' });
    expect(scenarioOf([stopsTooEarly()], known, [before]).rolledControl).toMatchObject({ state: 'dropped' });
  });

  it('that could not be measured says why, and casts no doubt', () => {
    const { findings, rolledControl } = scenarioOf([stopsTooEarly()], known, [run({ end: 'missing' })]);
    expect(rolledControl).toMatchObject({ state: 'unknown', why: expect.any(String) });
    expect(findings[0]?.confidence).toBe('high');
    expect(scenarioOf([stopsTooEarly()]).rolledControl).toBeUndefined();
  });
});
