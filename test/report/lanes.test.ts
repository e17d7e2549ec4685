import { describe, expect, it } from 'vitest';
import { ganttChart } from '../../src/report/gantt.ts';
import { lanesOf } from '../../src/report/lanes.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRolloutStory } from '../support/a-rollout-story.ts';

describe('lanes', () => {
  it('cut a pod in what it was doing, without holes and without overlap', () => {
    const pods = judgeRun(aRolloutStory({ exit: { code: 0, atMs: 4_800 } })).pods;
    const [old, fresh] = lanesOf(pods, 0, 12_000);
    expect(old?.stretches).toEqual([
      { stage: 'in service', fromMs: 0, toMs: 4_500 },
      { stage: 'ending', fromMs: 4_500, toMs: 6_000 },
    ]);
    expect(fresh?.stretches.at(-1)).toMatchObject({ stage: 'in service', toMs: 12_000 });
    for (const { stretches } of [old, fresh].filter((lane) => lane !== undefined)) {
      for (const [index, { fromMs }] of stretches.entries()) {
        if (index > 0) expect(fromMs).toBe(stretches[index - 1]?.toMs);
      }
    }
  });

  it('show old pods in the order in which they ended, then new ones', () => {
    const pods = [
      { name: 'n1', generation: 'new', createdMs: 50 },
      { name: 'o2', generation: 'old', deleteAskedMs: 90 },
      { name: 'o1', generation: 'old', deleteAskedMs: 30 },
    ] as const;
    expect(lanesOf(pods, 0, 100).map(({ pod }) => pod.name)).toEqual(['o1', 'o2', 'n1']);
  });

  it('end where the recording ends, and begin where it begins', () => {
    const pods = [
      { name: 'a', generation: 'new', createdMs: -50, readyMs: 20, deleteAskedMs: 900, goneMs: 990 },
    ] as const;
    expect(lanesOf(pods, 0, 500)[0]?.stretches).toEqual([
      { stage: 'starting', fromMs: 0, toMs: 20 },
      { stage: 'in service', fromMs: 20, toMs: 500 },
    ]);
  });
});

describe('the gantt chart', () => {
  it('has a section for each pod and one for what was lost', () => {
    const chart = ganttChart(judgeRun(aRolloutStory({ target: [{ atMs: 4_510, draw: 'xxx' }] })));
    expect(chart.filter((line) => line.startsWith('  section'))).toEqual([
      '  section requests lost',
      '  section old web-old-0',
      '  section new web-new-0',
    ]);
    expect(chart.at(0)).toBe('```mermaid');
  });

  it('is none where no pod changed', () => {
    expect(ganttChart({ ...judgeRun(aRolloutStory({})), pods: [] })).toEqual([]);
  });

  it('shows the first of any number of pods', () => {
    const run = judgeRun(aRolloutStory({}));
    const pods = Array.from({ length: 50_000 }, (_, index) => ({
      ...{ name: `web-${index}`, generation: 'new' as const },
      ...{ createdMs: 3_000, readyMs: 4_000, inEndpointsMs: 4_000, goneMs: 9_000 + index },
    }));
    const chart = ganttChart({ ...run, pods });
    expect(chart).toContain('  section new web-11');
    expect(chart).not.toContain('  section new web-12');
    expect(chart).toContain('49988 more pods are in report.html.');
  });

  it('keeps a name from meaning anything to Mermaid or Markdown', () => {
    const name = 'x:crit, 0, 1\n```\nclick a href "javascript:x"';
    const pods = [{ name, generation: 'new', createdMs: 10, readyMs: 20 }] as const;
    const chart = ganttChart({ ...judgeRun(aRolloutStory({})), pods }).join('\n');
    expect(chart.match(/```/g)).toHaveLength(2);
    expect(chart).not.toMatch(/[":]crit, 0|click a|javascript:/);
  });
});
