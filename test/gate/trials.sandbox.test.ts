import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeRecordings } from '../../src/gate/judge-recordings.ts';
import { readNamedRecording } from '../../src/gate/render-reports.ts';
import { renderConsole } from '../../src/report/console-table.ts';
import { BRIEF, gateOnSandbox, QUICK_ROLLOUT } from '../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

const HOOK = { lifecycle: { preStop: { sleep: { seconds: 2 } } } };

describe.concurrent('runs with other manifests, on the sandbox', () => {
  it('prove a suggestion that brings the drops to none in every one of them, and leave the verdict red', async () => {
    const { row, result, outputDir } = await gate({ scenario: QUICK_ROLLOUT, planned: { tryFixRuns: 2 } });
    expect(row.verdict).toBe('dropped');
    expect(result.verdict).toBe('dropped');
    const [finding] = row.findings;
    expect(finding?.cause).toBe('stops-before-endpoint-removal');
    expect(finding?.fix, JSON.stringify(row.trials)).toMatchObject({
      state: 'proven',
      trials: { runs: 2, planned: 2, passed: 2, dropped: 0, before: row.requests.dropped },
    });
    // Five seconds to end have no room for the hook, so that both changes were tried at once.
    expect(row.trials?.[0]?.patches).toEqual([
      {
        kind: 'Deployment',
        name: 'web',
        fields: {
          spec: {
            template: {
              spec: {
                terminationGracePeriodSeconds: expect.any(Number),
                containers: [
                  { name: 'web', lifecycle: { preStop: { sleep: { seconds: expect.any(Number) } } } },
                ],
              },
            },
          },
        },
      },
    ]);
    expect(renderConsole(result, { colours: false })).toMatch(/Proven: \d+ → 0 in 2 of 2 runs\./);
    // The recordings say the same again.
    const folder = join(outputDir, 'recordings');
    const files = (await readdir(folder)).sort();
    expect(files).toEqual(['01-test-fix-run-1.ndjson', '01-test-fix-run-2.ndjson', '01-test-run-1.ndjson']);
    const recordings = await Promise.all(files.map((file) => readNamedRecording(join(folder, file))));
    expect(judgeRecordings(recordings, '0.0.0').scenarios).toEqual(result.scenarios);
  }, 120_000);

  it('withdraw a suggestion with which requests are still dropped, after the first of them', async () => {
    const { row, result } = await gate({
      deployment: { strategy: { type: 'Recreate' } },
      scenario: BRIEF,
      planned: { tryFixRuns: 3 },
    });
    const finding = row.findings.find(({ cause }) => cause === 'no-endpoints');
    expect(finding?.fix, JSON.stringify(row.findings)).toMatchObject({
      state: 'withdrawn',
      trials: { runs: 1, planned: 3, passed: 0 },
    });
    expect(finding?.fix?.trials?.why).toContain('stops-before-endpoint-removal');
    expect(renderConsole(result, { colours: false })).toContain('is withdrawn');
  }, 120_000);

  it('show by a bad twin that drops nothing, either, that a green one says little', async () => {
    const { row, result } = await gate({
      container: { ...HOOK, args: ['--on-sigterm=linger:800'] },
      scenario: QUICK_ROLLOUT,
      planned: { sensitivity: true },
      options: { proxy: { propagationMs: 1, syncMs: 1, minSyncPeriodMs: 1 } },
    });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('pass');
    expect(row.sensitivity, JSON.stringify(row.trials)).toMatchObject({ state: 'not-shown', dropped: 0 });
    expect(renderConsole(result, { colours: false })).toContain(
      'This setup could not have shown a drop here',
    );
  });

  it('tell how much of an amplified delay is survived, and that it was amplified', async () => {
    const { row, result } = await gate({
      container: { lifecycle: { preStop: { sleep: { seconds: 4 } } } },
      cluster: { amplify: { propagationDelayMs: 3_000 } },
    });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('pass');
    expect(row.runs[0]?.sentToEndingMs).toBeGreaterThan(1_000);
    expect(row.environment).toHaveProperty('amplified', { propagationDelayMs: 3_000 });
    const text = renderConsole(result, { colours: false });
    expect(text).toMatch(/Survives [\d.]+ s of propagation delay/);
    expect(text).toContain('amplified: nodes follow changes of endpoints at most every 3.00 s');
  });
});
