import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeRecordings } from '../../../src/gate/judge-recordings.ts';
import { readNamedRecording } from '../../../src/gate/render-reports.ts';
import { renderConsole } from '../../../src/report/console-table.ts';
import { renderSummary } from '../../../src/report/summary.ts';
import { BRIEF, gateOnSandbox, type SandboxOutcome } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('the whole gate, for the same Deployment without preStop', () => {
  let made: Promise<SandboxOutcome> | undefined;
  const outcome = () => {
    made ??= gate({
      scenario: BRIEF,
      planned: { repeat: 3 },
      podProbes: true,
    });
    return made;
  };

  it('is red, and says first what it was run on', async () => {
    const { result, row, recordings } = await outcome();
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('dropped');
    expect(row.requests.dropped).toBeGreaterThan(10);
    expect(row.longestOutageMs).toBeGreaterThan(100);
    expect(row.longestOutageMs).toBeLessThan(3_000);
    expect(row.runs[0]?.steady.dropped).toBe(0);
    expect(row.runs[0]?.served.how).toBe('conntrack');
    expect(renderConsole(result, { colours: false })).toMatch(
      /^sandbox: no container, no kernel network; use kind/,
    );
    expect(renderSummary(result)).toMatch(/^\*\*sandbox: no container/);
    expect(
      row.staticFindings.map(({ cause, outcome }) => [cause, outcome]),
      JSON.stringify(row.findings),
    ).toContainEqual(['stops-before-endpoint-removal', 'confirmed']);
    // Nobody asked for a trial of what it suggests.
    expect(row.findings.map(({ fix }) => fix?.state ?? 'suggested')).toEqual(
      row.findings.map(() => 'suggested'),
    );
    expect(recordings).toHaveLength(row.runs.length);
  });

  it('hears from the ending pods themselves that they had stopped, and counts that nowhere', async () => {
    const { row, recordings } = await outcome();
    const entries = recordings.at(-1)?.entries ?? [];
    const asked = entries.filter((entry) => entry.kind === 'pod-probe');
    const before = entries.find((entry) => entry.kind === 'workload-before');
    const old = new Set(before?.pods.map(({ uid }) => uid));
    const told = asked
      .filter(({ pod }) => old.has(pod))
      .map(({ status, failure }) => status ?? failure?.code);
    expect(told[0]).toBe(200);
    expect(told.at(-1)).toBe('ECONNREFUSED');
    // Old ones and new ones, on none of the ports that requests are sent from.
    expect(new Set(asked.map(({ pod }) => pod)).size).toBe(4);
    expect(asked.every(({ localPort = 0 }) => localPort >= 61_000)).toBe(true);
    expect(row.findings[0]?.evidence.join(' ')).toMatch(
      /past the Service, .* these pods did not answer either/,
    );
    const streams = entries.flatMap((entry) => (entry.kind === 'probe' ? [entry.stream] : []));
    expect(streams.filter((stream) => stream === 'target')).toHaveLength(row.requests.scheduled);
    expect(row.requests.sent + row.requests.unsent).toBe(row.requests.scheduled);
  });

  it('knows how every old pod ended, whose object it held until then', async () => {
    const { recordings } = await outcome();
    const entries = recordings.at(-1)?.entries ?? [];
    const before = entries.find((entry) => entry.kind === 'workload-before');
    const facts = entries.filter((entry) => entry.kind === 'pod');
    const old = before?.pods.map(({ uid }) => facts.filter((fact) => fact.uid === uid)) ?? [];
    expect(old).toHaveLength(2);
    for (const own of old) {
      expect(own.findLast(({ held }) => held)?.containers).toMatchObject([{ exitCode: 0 }]);
      expect(own.at(-1)?.change).toBe('deleted');
    }
  });

  it('stops its repeats after a run that drops requests, and reports say how many were not made', async () => {
    const { row, result, outputDir } = await outcome();
    expect(row.runs.at(-1)?.verdict).toBe('dropped');
    expect(row.runs.length + (row.runsNotMade ?? 0)).toBe(3);
    expect(row.runsNotMade).toBeGreaterThan(0);
    expect(row.replacements?.withDrops).toBeGreaterThan(0);
    expect(renderConsole(result, { colours: false })).toMatch(/\d planned runs? (was|were) not made/);
    const folder = join(outputDir, 'recordings');
    const files = (await readdir(folder)).sort();
    expect(files).toHaveLength(row.runs.length);
    const recordings = await Promise.all(files.map((file) => readNamedRecording(join(folder, file))));
    expect(judgeRecordings(recordings, '0.0.0').scenarios).toEqual(result.scenarios);
  });
});
