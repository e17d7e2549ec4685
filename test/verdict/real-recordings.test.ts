import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Cause } from '../../src/model/finding.ts';
import type { RunResult, Verdict } from '../../src/model/verdict.ts';
import { recordingFrom } from '../../src/recording/read-recording.ts';
import { judgeRun } from '../../src/verdict/judge.ts';

const FOLDER = 'test/recordings';

interface Expected {
  readonly verdict: Verdict;
  readonly requests: Partial<RunResult['requests']>;
  readonly codes: readonly string[];
  readonly broken: readonly string[];
  readonly causes: readonly Cause[];
}

/** test/recordings/README.md tells what was run. */
const EXPECTED: Readonly<Record<string, Expected>> = {
  'known-bad-new-connections': {
    verdict: 'dropped',
    requests: { scheduled: 1772, ok: 1749, dropped: 23, notJudged: 0 },
    codes: ['dropped'],
    broken: [],
    causes: ['stops-before-endpoint-removal'],
  },
  'known-good-new-connections': {
    verdict: 'pass',
    requests: { scheduled: 1833, ok: 1833, dropped: 0 },
    codes: [],
    broken: [],
    causes: [],
  },
  'known-good-keep-alive': {
    verdict: 'pass',
    requests: { scheduled: 1861, ok: 1861, dropped: 0 },
    codes: [],
    broken: [],
    causes: [],
  },
  'one-replica-no-surge-with-prestop': {
    verdict: 'pass',
    requests: { scheduled: 2818, ok: 2818, dropped: 0 },
    codes: [],
    broken: [],
    causes: [],
  },
  'cluster-vanished': {
    verdict: 'error',
    requests: { scheduled: 5602, dropped: 3440, notJudged: 361, unsent: 47 },
    codes: ['run-failed'],
    broken: ['control-not-clean', 'rollout-not-proven'],
    causes: ['prober-fault'],
  },
};

describe('the verdict on a real run', () => {
  it.each(Object.entries(EXPECTED))(
    '%s stays what it was',
    async (name, { verdict, requests, codes, broken, causes }) => {
      const text = gunzipSync(readFileSync(`${FOLDER}/${name}.ndjson.gz`)).toString();
      const result = judgeRun((await recordingFrom([text], name)).entries);
      expect(result.verdict).toBe(verdict);
      expect(result.requests).toMatchObject(requests);
      expect(result.reasons.map(({ code }) => code)).toEqual(codes);
      expect(result.findings.filter(({ drops }) => drops > 0).map(({ cause }) => cause)).toEqual(causes);
      expect(result.findings.reduce((sum, { drops }) => sum + drops, 0)).toBe(result.requests.dropped);
      const failed = result.guards.filter(({ held }) => !held).map(({ id }) => id);
      expect(broken.length === 0 ? failed : broken.filter((id) => !failed.includes(id))).toEqual([]);
    },
  );

  it('is expected of every recording there is', () => {
    const names = readdirSync(FOLDER).filter((file) => file.endsWith('.ndjson.gz'));
    expect(names.map((file) => file.replace('.ndjson.gz', '')).sort()).toEqual(Object.keys(EXPECTED).sort());
  });
});
