import { describe, expect, it } from 'vitest';
import type { RecordingEntry, StaticFindingEntry } from '../../src/model/recording.ts';
import type { MeasuredStaticFinding, StaticFinding } from '../../src/model/static-finding.ts';
import { recordingFrom } from '../../src/recording/read-recording.ts';
import { scenarioResult } from '../../src/verdict/combine.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRecording, aScenario, type RecordingOptions } from '../support/a-recording.ts';
import { aRolloutStory, ENDING, NEW, OLD, READY, type StoryOptions } from '../support/a-rollout-story.ts';

function found(
  cause: StaticFinding['cause'],
  severity: StaticFinding['severity'] = 'warning',
): StaticFindingEntry {
  return {
    kind: 'static-finding',
    atMs: 0,
    finding: {
      cause,
      severity,
      object: { kind: 'Deployment', name: 'web' },
      place: { file: 'web.yaml', line: 7, column: 3 },
      text: `The manifests show ${cause}.`,
    },
  };
}

function outcome(entries: readonly RecordingEntry[]): string {
  const { staticFindings } = judgeRun(entries);
  return staticFindings.map(({ outcome: came, because }) => `${came}: ${because}`).join('\n');
}

const story = (
  cause: StaticFinding['cause'],
  options: StoryOptions = {},
  severity?: StaticFinding['severity'],
) => outcome(aRolloutStory({ ...options, also: [found(cause, severity)] }));

/** A recording with a finding, and otherwise as the options draw it. */
function drawn(cause: StaticFinding['cause'], options: RecordingOptions = {}): readonly RecordingEntry[] {
  const [header, ...rest] = aRecording(options);
  return header ? [header, found(cause), ...rest] : [];
}

describe('a static finding beside its run', () => {
  it('is confirmed where requests were dropped for this very cause', () => {
    const lost = story('stops-before-endpoint-removal', {
      template: {},
      exit: { code: 0, atMs: 4_800 },
      target: [{ atMs: 4_510, draw: 'xxxx' }],
    });
    expect(lost).toBe('confirmed: 4 drops are laid to this cause (confidence high).');
  });

  it('is not confirmed where pods were given less time than the manifests say', () => {
    const killed = { terminatingMs: 3_000, exit: { code: 137, atMs: 6_700 } };
    const options = { ...killed, graceSeconds: 2, target: [{ atMs: 6_550, draw: 'rrr' }] };
    expect(story('grace-too-short', { ...options, template: { gracePeriodSeconds: 30 } })).toBe(
      'not-measured: Whoever deleted the pods gave them less time than the manifests do.',
    );
  });

  it('is not observed where nothing was dropped for it', () => {
    expect(story('missing-readiness-probe')).toMatch(/^not-observed: /);
    expect(story('stops-before-endpoint-removal')).toMatch(/^not-observed: /);
  });

  it('is not measured where the run came to no verdict', () => {
    expect(outcome(drawn('no-endpoints', { end: 'baseline-failing' }))).toMatch(/^not-measured: /);
    expect(outcome(drawn('no-endpoints', { asleep: [{ fromMs: 4_000, toMs: 7_000 }] }))).toMatch(
      /^not-measured: /,
    );
  });

  it('is contradicted where old pods went on taking new connections long after they were told to end', () => {
    const entries = drawn('stops-before-endpoint-removal').map((entry) =>
      entry.kind === 'route' && entry.stream === 'target' && entry.atMs >= 4_500 && entry.atMs < 5_900
        ? { ...entry, podAddress: OLD.address }
        : entry,
    );
    expect(outcome(entries)).toMatch(
      /^contradicted: Old pods went on taking new connections for up to \d\.\d s after they were told to end\.$/,
    );
  });

  it('is contradicted where old pods ended by themselves although SIGTERM should not reach them', () => {
    expect(story('sigterm-ignored', { exit: { code: 0, atMs: 5_200 }, graceSeconds: 30 })).toMatch(
      /^contradicted: /,
    );
    expect(story('sigterm-ignored', { exit: { code: 137, atMs: 5_200 }, graceSeconds: 30 })).toMatch(
      /^not-observed: /,
    );
  });

  it('is contradicted where there was a ready pod all through an update that should have had none', () => {
    const overlapping = [
      { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
      {
        atMs: 4_500,
        endpoints: [
          { ...OLD, ...ENDING },
          { ...NEW, ...READY },
        ],
      },
    ];
    const gap = [
      { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
      { atMs: 4_000, endpoints: [{ ...OLD, ...ENDING }] },
      { atMs: 4_500, endpoints: [{ ...NEW, ...READY }] },
    ];
    expect(story('no-endpoints', { endpoints: overlapping }, 'error')).toMatch(/^contradicted: /);
    expect(story('no-endpoints', { endpoints: gap }, 'error')).toMatch(/^not-observed: /);
  });

  it('is contradicted by a rollout that completes only where it was said to be sure', () => {
    expect(story('rollout-stalled', {}, 'error')).toMatch(/^contradicted: /);
    expect(story('rollout-stalled', {}, 'warning')).toMatch(/^not-observed: /);
  });

  it('about a traffic policy needs requests that came by its way', () => {
    const template = { service: { externalTrafficPolicy: 'Local' } };
    const scenario = (target: 'node-port' | 'cluster-ip') => ({ template, scenario: { target } });
    expect(story('local-traffic-policy', scenario('node-port'))).toMatch(/^not-observed: /);
    expect(story('local-traffic-policy', scenario('cluster-ip'))).toMatch(/^not-measured: /);
  });

  it('changes no verdict', () => {
    const { verdict, staticFindings } = judgeRun(drawn('no-endpoints'));
    expect([verdict, staticFindings.length]).toEqual(['pass', 1]);
  });

  it('counts once over several runs, with what any of them says of it', () => {
    const runs = [
      judgeRun(drawn('missing-readiness-probe', { run: 1, end: 'baseline-failing' })),
      judgeRun(drawn('missing-readiness-probe', { run: 2 })),
    ];
    const { staticFindings } = scenarioResult({ scenario: aScenario(), runs });
    expect(
      staticFindings.map(({ outcome: came, because }: MeasuredStaticFinding) => [came, because]),
    ).toEqual([['not-observed', 'Run 2: No request was dropped for it in this run.']]);
  });

  it('is part of the recording, and read back from it', async () => {
    const entries = drawn('no-endpoints');
    const text = `${entries.map((entry) => JSON.stringify(entry)).join('\n')}\n`;
    expect(judgeRun((await recordingFrom([text], 'r.ndjson')).entries)).toEqual(judgeRun(entries));
    const damaged = text.replace('"severity":"warning"', '"severity":"bad"');
    await expect(recordingFrom([damaged], 'r.ndjson')).rejects.toThrow(/RP1704/);
  });
});
