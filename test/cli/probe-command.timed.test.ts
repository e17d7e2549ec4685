import { describe, expect, it } from 'vitest';
import { probeCommand } from '../../src/cli/probe-command.ts';
import type { Session } from '../../src/cli/session.ts';
import { describeFailure } from '../../src/gate/describe-failure.ts';
import { BadInputError, CancelledError } from '../../src/model/problem.ts';
import { installation } from '../../src/platform/installation.ts';
import { createLog } from '../../src/publish/log.ts';
import { PROBER_PROGRAM } from '../support/drive-prober.ts';
import { type Behaviour, misbehavingServer } from '../support/misbehaving-server.ts';
import { tempFolder } from '../support/temp-folder.ts';

const session = (signal = new AbortController().signal): Session => ({
  log: createLog({ style: 'plain', output: { write() {} } }),
  installation: { ...installation(), proberProgram: PROBER_PROGRAM },
  signal,
});
const options = () => ({ rate: '150', duration: '1s', timeout: '500ms', output: tempFolder() });

async function exitCodeWith(behaviourOf: (request: number) => Behaviour, signal?: AbortSignal) {
  await using server = await misbehavingServer(behaviourOf);
  return await probeCommand(session(signal), `http://127.0.0.1:${server.port}/`, options()).catch(
    (error: unknown) => describeFailure(error).exitCode,
  );
}

describe('rollproof probe', () => {
  it('ends with 1 where a request was dropped', async () => {
    expect(await exitCodeWith((request) => (request === 9 ? 'close-without-answer' : 'answer'))).toBe(1);
  });

  it('ends with 130 after Ctrl-C', async () => {
    const cancel = new AbortController();
    const exitCode = await exitCodeWith((request) => {
      if (request === 5) cancel.abort(new CancelledError('SIGINT'));
      return 'answer';
    }, cancel.signal);
    expect(exitCode).toBe(130);
  });

  it('refuses a host of somebody else before a request is sent', async () => {
    await expect(probeCommand(session(), 'http://203.0.113.7/', options())).rejects.toThrow(BadInputError);
    await expect(probeCommand(session(), 'http://203.0.113.7/', options())).rejects.toThrow(/RP1051/);
  });

  it('refuses what the prober cannot speak or look into', async () => {
    const json = { ...options(), expectJson: '$.a=1' };
    await expect(probeCommand(session(), 'tcp://127.0.0.1:9', json)).rejects.toThrow(/RP1125/);
  });

  it('refuses a rate that would use the source ports up', async () => {
    const fast = { ...options(), rate: '5000', duration: '1m' };
    await expect(probeCommand(session(), 'http://127.0.0.1:9/', fast)).rejects.toThrow(/RP1116/);
  });
});
