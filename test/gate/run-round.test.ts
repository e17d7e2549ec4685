import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/cluster/cluster-provider.ts';
import type { ScenarioPlace, WhichRun } from '../../src/gate/record-run.ts';
import { type RoundPlace, runRound } from '../../src/gate/run-round.ts';
import type { PlannedScenario } from '../../src/model/plan.ts';
import { BadInputError } from '../../src/model/problem.ts';
import { aRecording, aScenario, type RecordingOptions } from '../support/a-recording.ts';
import { tempFolder } from '../support/temp-folder.ts';

const DROPS: RecordingOptions = { target: [{ atMs: 6_500, draw: 'xxx' }] };
const PAUSE: RecordingOptions = { target: [{ atMs: 9_000, draw: 'u'.repeat(10) }] };
/** A pause that no run may have. */
const HOLE: RecordingOptions = { target: [{ atMs: 9_000, draw: 'u'.repeat(60) }] };

interface Drawn {
  readonly repeat?: number;
  /** What becomes of each run as it is made, beside others or alone; nothing where it goes well. */
  readonly runs?: readonly RecordingOptions[];
}

const planned = (name: string, { repeat = 1 }: Drawn): PlannedScenario => ({
  scenario: aScenario({ name }),
  repeat,
  objects: [],
});

/** A round whose runs are drawn: what was made, in order, and what came of it. */
async function round(
  drawn: Readonly<Record<string, Drawn>>,
  refuse?: (place: ScenarioPlace) => Promise<void>,
) {
  const made: string[] = [];
  const lines: string[] = [];
  let atWork = 0;
  const folder = tempFolder();
  const counts = new Map<string, number>();
  const make = async (place: ScenarioPlace, { run, again }: WhichRun) => {
    const { name } = place.planned.scenario;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    atWork++;
    await Promise.resolve();
    const isAlone = atWork === 1;
    made.push(`${name} ${run}${again ? ' again' : ''}${isAlone ? ' alone' : ` in lane ${place.lane}`}`);
    try {
      await refuse?.(place);
    } finally {
      await Promise.resolve();
      atWork--;
    }
    const recordingPath = join(folder, `${name}-${count}.ndjson`);
    const entries = aRecording({
      run,
      ...drawn[name]?.runs?.[count],
      scenario: { name },
      change: ([header, ...rest]) =>
        header && !isAlone
          ? [header, { kind: 'neighbour', atMs: 0, scenario: 'other', run, state: 'present' }, ...rest]
          : header
            ? [header, ...rest]
            : rest,
    });
    writeFileSync(recordingPath, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    return { recordingPath, problems: [] };
  };
  const place: RoundPlace = {
    cluster: { environment: undefined } as unknown as Cluster,
    clusterGoesNext: true,
    places: undefined as never,
    folder,
    version: '0.0.0',
    workingDirectory: folder,
    progress: {
      line: (text) => lines.push(text),
      warning() {},
      status() {},
      section: () => ({ [Symbol.dispose]() {} }),
    },
    signal: new AbortController().signal,
    make,
  };
  const members = Object.entries(drawn).map(([name, one], index) => ({ planned: planned(name, one), index }));
  const outcomes = await runRound(members, place).catch((error: unknown) => error);
  return { made, lines, outcomes: Array.isArray(outcomes) ? outcomes : [], error: outcomes };
}

const verdicts = ({ outcomes }: Awaited<ReturnType<typeof round>>) =>
  outcomes.map(({ result }) => `${result.name} ${result.verdict}`);

describe('a round', () => {
  it('of one scenario makes its runs one after the other, each as one alone', async () => {
    const result = await round({ a: { repeat: 2 } });
    expect(result.made).toEqual(['a 1 alone', 'a 2 alone']);
    expect(verdicts(result)).toEqual(['a pass']);
  });

  it('of several makes the runs of the same number together, and the last ones alone', async () => {
    const result = await round({ a: { repeat: 3 }, b: { repeat: 2 }, c: {} });
    expect(result.made).toEqual([
      ...['a 1 in lane 0', 'b 1 in lane 1', 'c 1 in lane 2'],
      ...['a 2 in lane 0', 'b 2 in lane 1'],
      'a 3 alone',
    ]);
    expect(verdicts(result)).toEqual(['a pass', 'b pass', 'c pass']);
  });

  it('makes what others may have disturbed again alone, with all that comes after it, when they are done', async () => {
    const result = await round({ a: { repeat: 3, runs: [{}, PAUSE] }, b: { repeat: 3 } });
    expect(result.made).toEqual([
      ...['a 1 in lane 0', 'b 1 in lane 1', 'a 2 in lane 0', 'b 2 in lane 1', 'b 3 alone'],
      ...['a 2 again alone', 'a 3 alone'],
    ]);
    expect(verdicts(result)).toEqual(['a pass', 'b pass']);
    expect(result.outcomes[0]?.result.madeAgain).toMatchObject([{ run: 2 }]);
    expect(result.outcomes[0]?.recordings).toHaveLength(4);
    expect(result.lines).toContain('run 2 once more, alone: a');
  });

  it('makes no run alone a second time: what can not be measured alone is told', async () => {
    const result = await round({ a: { runs: [HOLE, HOLE] }, b: {} });
    expect(result.made).toHaveLength(3);
    expect(verdicts(result)).toEqual(['a inconclusive', 'b pass']);
  });

  it('is red only by what drops alone, and then leaves out the runs that are left', async () => {
    const result = await round({ a: { repeat: 3, runs: [DROPS, DROPS] }, b: {} });
    expect(result.made).toEqual(['a 1 in lane 0', 'b 1 in lane 1', 'a 1 again alone']);
    expect(verdicts(result)).toEqual(['a dropped', 'b pass']);
    expect(result.outcomes[0]?.result.runsNotMade).toBe(2);
    expect(result.lines).toContain('2 more runs are not made: this one failed clearly');
  });

  it('ends all of its runs where one can not be made at all, and says why', async () => {
    const refused = new BadInputError([{ code: 'RP1503', what: 'refused', remedy: '' }]);
    let othersEnded = false;
    const result = await round({ a: {}, b: {} }, async ({ planned: { scenario }, signal }) => {
      if (scenario.name === 'a') throw refused;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      othersEnded = true;
    });
    expect(result.error).toBe(refused);
    expect(othersEnded).toBe(true);
  });
});
