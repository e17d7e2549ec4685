import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeRecordings } from '../../../src/gate/judge-recordings.ts';
import { readNamedRecording } from '../../../src/gate/render-reports.ts';
import { renderConsole } from '../../../src/report/console-table.ts';
import { gateOnSandbox } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('runs with other manifests, on the sandbox', () => {
  it('prove a suggestion that brings the drops to none, and leave the verdict red', async () => {
    const { row, result, outputDir } = await gate({ planned: { tryFixRuns: 1 } });
    expect(row.verdict).toBe('dropped');
    expect(result.verdict).toBe('dropped');
    const [finding] = row.findings;
    expect(finding?.cause).toBe('stops-before-endpoint-removal');
    expect(finding?.fix, JSON.stringify(row.trials)).toMatchObject({
      state: 'proven',
      trials: { runs: 1, planned: 1, passed: 1, dropped: 0, before: row.requests.dropped },
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
    expect(renderConsole(result, { colours: false })).toMatch(/Proven: \d+ → 0 in 1 of 1 run\./);
    // The recordings say the same again.
    const folder = join(outputDir, 'recordings');
    const files = (await readdir(folder)).sort();
    expect(files).toEqual(['01-test-fix-run-1.ndjson', '01-test-run-1.ndjson']);
    const recordings = await Promise.all(files.map((file) => readNamedRecording(join(folder, file))));
    expect(judgeRecordings(recordings, '0.0.0').scenarios).toEqual(result.scenarios);
  });
});
