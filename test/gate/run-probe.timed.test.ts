import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { readNamedRecording } from '../../src/gate/render-reports.ts';
import { runProbe } from '../../src/gate/run-probe.ts';
import { loadProbe } from '../../src/inputs/load-probe.ts';
import type { RawInputs } from '../../src/inputs/raw-inputs.ts';
import { CancelledError } from '../../src/model/problem.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { PROBER_PROGRAM, testPorts } from '../support/drive-prober.ts';
import { misbehavingServer } from '../support/misbehaving-server.ts';
import { tempFolder } from '../support/temp-folder.ts';

const QUIET = { line() {}, warning() {}, status() {}, section: () => ({ [Symbol.dispose]() {} }) };

/** Probes a path of a server on loopback for a second or until `signal` says so. */
async function probed(
  port: number,
  options: { rate?: string; connection?: string; scheme?: string; pacing?: string; signal?: AbortSignal },
) {
  const {
    rate = '200',
    connection = 'keep-alive',
    scheme = 'http',
    pacing = 'economy',
    signal = new AbortController().signal,
  } = options;
  const output = tempFolder();
  const inputs: RawInputs = new Map([
    ['rate', { given: rate, label: '--rate' }],
    ['connection', { given: connection, label: '--connection' }],
    ['pacing', { given: pacing, label: '--pacing' }],
    ['timeout', { given: '3s', label: '--timeout' }],
    ['output', { given: output, label: '--output' }],
  ]);
  const settings = loadProbe(`${scheme}://127.0.0.1:${port}/healthz`, inputs, { duration: '1s' });
  const outcome = await runProbe(settings, {
    address: '127.0.0.1',
    proberProgram: PROBER_PROGRAM,
    ports: testPorts(250),
    version: '0.0.0-test',
    progress: QUIET,
    signal,
  });
  const path = join(output, 'recordings', '01-keep-alive-run-1.ndjson');
  return { ...outcome, settings, path, recording: (await readNamedRecording(path)).entries };
}

describe('a probe of a URL', () => {
  it('sends exactly what is due within its duration and says so in every report', async () => {
    await using server = await misbehavingServer(() => 'answer');
    const { result, files, recording } = await probed(server.port, {});
    const [scenario] = result.scenarios;
    expect(scenario?.requests).toMatchObject({ scheduled: 200, dropped: 0 });
    expect(server.requests).toHaveLength(scenario?.requests.sent ?? 0);
    expect(server.requests[0]).toContain(`Host: 127.0.0.1:${server.port}`.toLowerCase());
    expect(recording.at(-1)).toMatchObject({ kind: 'end', reason: 'finished' });
    const schema = JSON.parse(readFileSync('schema/result.schema.json', 'utf8'));
    const validate = new Ajv2020({ strict: false }).compile(schema);
    expect(validate(JSON.parse(files.get('result.json') ?? '')), JSON.stringify(validate.errors)).toBe(true);
    expect([...files.keys()]).toContain('report.html');
  });

  it('with precise pacing records that, and says so', async () => {
    await using server = await misbehavingServer(() => 'answer');
    const { result, files, recording } = await probed(server.port, { pacing: 'precise' });
    expect(result.scenarios[0]?.requests).toMatchObject({ scheduled: 200, dropped: 0 });
    expect(recording[0]).toMatchObject({ kind: 'header', scenario: { pacing: 'precise' } });
    expect(files.get('report.md')).toContain('200 requests/s, open loop with precise pacing');
  });

  it('is dropped where an answer is cut, whenever that was, and the recording gives the same verdict again', async () => {
    await using server = await misbehavingServer((request) => (request === 3 ? 'truncate' : 'answer'));
    const { result, recording } = await probed(server.port, {});
    expect(result.verdict).toBe('dropped');
    expect(result.scenarios[0]?.runs[0]).toMatchObject({ drops: { truncated: 1 } });
    expect(judgeRun(recording)).toEqual(result.scenarios[0]?.runs[0]);
  });

  it('over TLS says that no certificate was verified, and counts as without', async () => {
    await using server = await misbehavingServer((request) => (request === 3 ? 'truncate' : 'answer'), {
      secure: true,
    });
    const { result, files } = await probed(server.port, { scheme: 'https' });
    expect(result.scenarios[0]?.requests).toMatchObject({ scheduled: 200, dropped: 1, notJudged: 0 });
    expect(result.scenarios[0]?.runs[0]).toMatchObject({ drops: { truncated: 1 } });
    expect(files.get('report.md')).toContain(`${server.port}/healthz (certificate not verified)`);
  });

  it('that is cancelled waits for what is in flight, and has a whole recording and no verdict', async () => {
    const cancel = new AbortController();
    await using server = await misbehavingServer((request) => {
      if (request === 20) cancel.abort(new CancelledError('SIGINT'));
      return 'answer-slowly';
    });
    const { result, recording } = await probed(server.port, { signal: cancel.signal });
    const { requests, reasons } = result.scenarios[0] ?? {};
    expect(reasons?.map(({ code }) => code)).toEqual(['cancelled']);
    expect(result.verdict).toBe('inconclusive');
    expect(recording.at(-1)).toMatchObject({ kind: 'end', reason: 'cancelled' });
    expect(requests?.scheduled).toBeLessThan(200);
    expect(requests).toMatchObject({ notJudged: 0, unsent: 0 });
    expect(server.requests).toHaveLength(requests?.sent ?? 0);
  });
});
