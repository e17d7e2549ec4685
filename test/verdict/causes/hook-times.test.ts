import { describe, expect, it } from 'vitest';
import type { EventFact, ProcessFact, RuntimeFact, TemplateContainer } from '../../../src/model/recording.ts';
import type { RunResult } from '../../../src/model/verdict.ts';
import { ganttChart } from '../../../src/report/gantt.ts';
import { lanesOf } from '../../../src/report/lanes.ts';
import { stopwatchTables } from '../../../src/report/stopwatch.ts';
import { hookTimesOf } from '../../../src/verdict/causes/hook-times.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import { aRolloutStory, OLD, type StoryOptions } from '../../support/a-rollout-story.ts';

const CONTAINER = { name: 'nginx', ports: [{ containerPort: 80 }] };
const withHook = (preStop: NonNullable<TemplateContainer['preStop']>, more: object = {}) => ({
  containers: [{ ...CONTAINER, readiness: { how: 'http', path: '/' } as const, preStop }],
  ...more,
});

/** What the node tells of the old pod, which is told to end at 4.5 s. */
const runtime = (atMs: number, what: RuntimeFact['what'], more: Partial<RuntimeFact> = {}): RuntimeFact => ({
  ...{ kind: 'runtime', withinMs: 5, pod: OLD.pod, container: 'nginx' },
  ...{ atMs, what },
  ...more,
});
const program = (fromMs: number, toMs: number, exitCode = 0, name = 'hook') => [
  runtime(fromMs, 'program-started', { program: name }),
  runtime(toMs, 'program-ended', { program: name, exitCode }),
];
const signalled = (atMs: number, signal = 'terminated') => runtime(atMs, 'signalled', { signal });
const killing = (atMs: number): EventFact => ({
  kind: 'event',
  atMs,
  object: `Pod/${OLD.pod}`,
  reason: 'Killing',
  type: 'Normal',
  message: 'Stopping container nginx',
});

const run = (options: StoryOptions): RunResult => judgeRun(aRolloutStory(options));
const oldPod = ({ pods }: RunResult) => pods.find(({ generation }) => generation === 'old');

describe('a preStop hook, as its node tells of it', () => {
  it('is a program of the container: it is known when that began and ended', () => {
    const result = run({
      template: withHook({ how: 'exec', seconds: 1 }),
      exit: { code: 0, atMs: 5_900 },
      also: [...program(4_520, 5_520), signalled(5_523, 'quit'), runtime(5_600, 'ended', { exitCode: 0 })],
      target: [{ atMs: 5_530, draw: 'xxxx' }],
    });
    expect(oldPod(result)).toMatchObject({
      ...{ hookBeganMs: 4_520, hookOverMs: 5_520, hookShownBy: 'process' },
      ...{ signalledMs: 5_523, signal: 'SIGQUIT', exitedMs: 5_600 },
    });
    expect(result.findings).toMatchObject([{ cause: 'prestop-too-short', confidence: 'high', drops: 4 }]);
    expect(result.findings[0]?.evidence.join(' ')).toContain(
      'its preStop hook was over after 1.0 s, it was sent SIGQUIT after 1.0 s, its end (exit code 0) was known after 1.1 s',
    );
  });

  it('is not a probe that runs in the same container', () => {
    const result = run({
      template: withHook({ how: 'exec', seconds: 1 }),
      also: [
        ...program(4_510, 4_530, 0, 'probe-1'),
        ...program(4_520, 5_520),
        ...program(5_505, 5_515, 1, 'probe-2'),
        signalled(5_523),
      ],
    });
    expect(oldPod(result)).toMatchObject({ hookBeganMs: 4_520, hookOverMs: 5_520, hookShownBy: 'process' });
  });

  it.each([['sleep'], ['http']] as const)('of the kind %s is over when the stop signal comes', (how) => {
    const sidecar = { ...killing(4_510), message: 'Stopping container nginx-exporter' };
    const also = [sidecar, killing(4_530), signalled(5_020)];
    const result = run({ template: withHook({ how }), also });
    expect(oldPod(result)).toMatchObject({
      ...{ hookBeganMs: 4_530, hookOverMs: 5_020, hookShownBy: 'signal', signal: 'SIGTERM' },
    });
  });

  it('lasts as the template says where its node tells nothing, and says that this is why', () => {
    const result = run({ template: withHook({ how: 'sleep', seconds: 1 }) });
    expect(oldPod(result)).toMatchObject({ hookOverMs: 5_500, hookShownBy: 'template' });
    expect(oldPod(result)?.signalledMs).toBeUndefined();
    expect(oldPod(run({ template: withHook({ how: 'http' }) }))?.hookShownBy).toBeUndefined();
  });

  it('is not run of a pod that is deleted by force: the stop signal comes at once', () => {
    const byForce = { graceSeconds: 0, template: withHook({ how: 'sleep', seconds: 1 }) };
    const told = oldPod(run({ ...byForce, also: [signalled(4_532)] }));
    expect(told).toMatchObject({ signalledMs: 4_532 });
    expect([told?.hookOverMs, oldPod(run(byForce))?.hookOverMs]).toEqual([undefined, undefined]);
  });

  it('that was over at once did not run, whatever the kubelet says', () => {
    const { findings } = run({
      template: withHook({ how: 'exec', seconds: 10 }),
      exit: { code: 0, atMs: 4_800 },
      also: [...program(4_520, 4_530, 127), signalled(4_532)],
      target: [{ atMs: 4_550, draw: 'xxxx' }],
    });
    expect(findings).toMatchObject([{ cause: 'prestop-cannot-run', confidence: 'high' }]);
    expect(findings[0]?.evidence[0]).toMatch(/was over before half of that.*with exit code 127/);
  });

  it('has run where it lasted until the grace period was over, however long it should have', () => {
    const { findings } = run({
      graceSeconds: 3,
      terminatingMs: 3_500,
      template: withHook({ how: 'exec', seconds: 30 }, { gracePeriodSeconds: 3 }),
      exit: { code: 137, atMs: 7_600 },
      also: [runtime(4_520, 'program-started', { program: 'hook' }), signalled(7_500)],
      target: [{ atMs: 4_600, draw: 'xxxx' }],
    });
    expect(findings).toMatchObject([{ cause: 'stops-before-endpoint-removal', confidence: 'medium' }]);
  });

  it('is not sure to have failed where only an event, which may be told late, says when it began', () => {
    const late = {
      template: withHook({ how: 'sleep', seconds: 1 }),
      exit: { code: 0, atMs: 5_900 },
      also: [killing(5_200), signalled(5_520)],
      target: [{ atMs: 5_530, draw: 'xxxx' }],
    } as const;
    expect(run(late).findings).toMatchObject([{ cause: 'prestop-cannot-run', confidence: 'low' }]);
    const atOnce = {
      ...late,
      also: [killing(4_520), signalled(4_530)],
      target: [{ atMs: 4_540, draw: 'xxxx' }],
    };
    expect(run(atOnce).findings).toMatchObject([{ cause: 'prestop-cannot-run', confidence: 'high' }]);
  });

  it('is unknown where the clock of its node is', () => {
    const vague = [...program(4_520, 4_530), signalled(4_532)].map((one) => ({ ...one, withinMs: 2_000 }));
    const template = withHook({ how: 'exec', seconds: 1 });
    expect(run({ template, also: vague })).toEqual(run({ template }));
  });

  it('of unknown length is too short where it was over before the connections came', () => {
    const story = { exit: { code: 0, atMs: 5_900 }, target: [{ atMs: 5_530, draw: 'xxxx' }] };
    const template = withHook({ how: 'http' });
    expect(run({ ...story, template }).findings).toMatchObject([{ confidence: 'medium' }]);
    expect(run({ ...story, template, also: [signalled(5_520)] }).findings).toMatchObject([
      { cause: 'prestop-too-short', confidence: 'high' },
    ]);
  });

  it('that runs to its end beside a server that has stopped is not what is too short', () => {
    const { findings } = run({
      template: withHook({ how: 'exec', seconds: 1 }),
      exit: { code: 0, atMs: 5_700 },
      also: [...program(4_520, 5_520), signalled(5_523)],
      target: [{ atMs: 4_600, draw: 'xxxx' }],
    });
    expect(findings).toMatchObject([{ cause: 'stops-before-endpoint-removal', confidence: 'medium' }]);
  });

  it('is found among any number of programs by looking at each a few times', () => {
    let looks = 0;
    const counted = (fact: RuntimeFact): RuntimeFact => ({
      ...fact,
      get what() {
        looks++;
        return fact.what;
      },
    });
    const names = Array.from({ length: 1_000 }, (_, index) => `program-${index}`);
    const starts = names.map((name) => runtime(4_520, 'program-started', { program: name }));
    const ends = names.toReversed().map((name) => runtime(5_520, 'program-ended', { program: name }));
    const runtimes = [...starts, ...ends, signalled(5_523)].map(counted);
    const { containers } = withHook({ how: 'exec', seconds: 1 });
    expect(
      hookTimesOf({
        pod: OLD.pod,
        askedMs: 4_500,
        container: containers[0],
        runsHook: true,
        runtimes,
        events: [],
      }),
    ).toMatchObject({ hookBeganMs: 4_520, hookOverMs: 5_520, hookShownBy: 'process' });
    expect(looks).toBeLessThan(10 * runtimes.length);
  });

  it('exceeds the grace period where it is still running then, also when nobody knows how long it is', () => {
    const killed = {
      scenario: { connection: 'keep-alive' },
      reused: true,
      graceSeconds: 2,
      terminatingMs: 3_000,
      exit: { code: 137, atMs: 6_600 },
      target: [{ atMs: 6_500, draw: 'rrrr' }],
    } as const;
    const own = withHook({ how: 'exec' }, { gracePeriodSeconds: 2 });
    const cut = [runtime(4_520, 'program-started', { program: 'hook' }), signalled(6_490)];
    const { findings } = run({ ...killed, template: own, also: cut });
    expect(findings).toMatchObject([{ cause: 'prestop-exceeds-grace', confidence: 'high' }]);
    expect(findings[0]?.evidence.join(' ')).toContain('its preStop hook was still running after 2.0 s');
    // A busy kubelet begins the hook late; the grace period does not wait for it.
    const late = [runtime(5_450, 'program-started', { program: 'hook' }), signalled(6_490)];
    expect(run({ ...killed, template: own, also: late }).findings[0]?.cause).toBe('prestop-exceeds-grace');
    const http = withHook({ how: 'http' }, { gracePeriodSeconds: 2 });
    expect(run({ ...killed, template: http, also: [signalled(6_490)] }).findings[0]?.cause).toBe(
      'prestop-exceeds-grace',
    );
    const long = withHook({ how: 'exec', seconds: 5 }, { gracePeriodSeconds: 2 });
    const failed = [...program(4_520, 4_530, 127), signalled(4_532)];
    expect(run({ ...killed, template: long, also: failed }).findings[0]?.cause).toBe('sigterm-ignored');
  });
});

describe('the end of a pod, as its node tells of it', () => {
  const processEnded = (atMs: number): ProcessFact => ({
    ...{ kind: 'process', atMs, pod: OLD.pod, container: 'nginx', sigterm: 'default', first: true },
    ended: true,
  });
  const template = { containers: [CONTAINER, { name: 'exporter', ports: [] }], serving: 'nginx' };

  it('is that of the container that answers, and no sidecar’s', () => {
    const sidecar = runtime(4_600, 'ended', { container: 'exporter', exitCode: 143 });
    const known = oldPod(run({ template, also: [sidecar] }));
    expect(known).not.toHaveProperty('exitedMs');
    expect(known).not.toHaveProperty('exitCode');
    const own = runtime(5_600, 'ended', { exitCode: 0 });
    const end = { exitedMs: 5_600, exitCode: 0 };
    expect(oldPod(run({ template, also: [sidecar, own] }))).toMatchObject(end);
    expect(oldPod(run({ template: {}, also: [sidecar, own] }))).toMatchObject(end);
  });

  it('is none that came before it was told to end: that was a restart', () => {
    expect(oldPod(run({ template, also: [processEnded(2_000)] }))).not.toHaveProperty('exitedMs');
    expect(oldPod(run({ template, also: [processEnded(5_600)] }))).toMatchObject({ exitedMs: 5_600 });
  });
});

describe('the stop signal', () => {
  it.each([
    ['window changed', 'SIGWINCH'],
    ['user defined signal 1', 'SIGUSR1'],
    ['signal 37', 'signal 37'],
    ['x) | <img src=x> @everyone\n# [a](b)', 'another signal'],
  ])('%j is called by its name, and nothing else is', (signal, name) => {
    const result = run({ template: {}, also: [signalled(5_523, signal)] });
    expect(oldPod(result)?.signal).toBe(name);
    expect(stopwatchTables(result).join('\n')).toContain(`| 1.02 s (${name}) |`);
  });
});

describe('the stopwatch of a pod with a hook', () => {
  const measured = run({
    template: withHook({ how: 'exec', seconds: 1 }),
    exit: { code: 0, atMs: 5_900 },
    also: [...program(4_520, 5_520), signalled(5_523, 'quit'), runtime(5_900, 'ended', { exitCode: 0 })],
  });

  it('tells when it was over and when the signal came, and from where that is known', () => {
    const [table] = stopwatchTables(measured);
    expect(table).toContain('| Endpoint terminating | Hook over | Stop signal |');
    expect(table).toContain('| 1.02 s | 1.02 s (SIGQUIT) |');
    const [guessed] = stopwatchTables(run({ template: withHook({ how: 'sleep', seconds: 1 }) }));
    expect(guessed).toContain('| 1.00 s (from the template) |');
    expect(guessed).not.toContain('Stop signal');
    expect(stopwatchTables(run({ template: {} }))[0]).not.toContain('Hook over');
  });

  it('draws the hook where it was measured', () => {
    const [old] = lanesOf(measured.pods, 0, 12_000);
    expect(old?.stretches.map(({ stage, fromMs, toMs }) => [stage, fromMs, toMs])).toEqual([
      ['in service', 0, 4_500],
      ['in hook', 4_500, 5_520],
      ['ending', 5_520, 5_900],
      ['ended', 5_900, 6_000],
    ]);
    expect(old?.instants.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['hook begun', 'hook over', 'sent SIGQUIT']),
    );
    expect(ganttChart(measured).some((line) => line.includes('in hook :'))).toBe(true);
  });
});
