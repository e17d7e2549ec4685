import { describe, expect, it } from 'vitest';
import { CommandError, run } from '../../../src/platform/process.ts';
import { BECOME_REAL_TIME, realTimeFront } from '../../../src/prober/vantage/real-time.ts';

/** Prints its own real-time priority: field 40 of its `stat`; 0 is an ordinary process. */
const TELL =
  "const fields = fs.readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1).split(' '); console.log(fields[37])";
const onLinux = process.platform === 'linux';

describe('a real-time process', () => {
  it('is what a command with the front is, where that is permitted; elsewhere there is no front', async () => {
    const front = await realTimeFront();
    const permitted = await run('chrt', ['--fifo', '1', 'true']).then(
      () => true,
      (error) => {
        expect(error).toBeInstanceOf(CommandError);
        return false;
      },
    );
    expect(front.length > 0).toBe(permitted);
    const [file = process.execPath, ...args] = [...front, process.execPath, '--eval', TELL];
    if (onLinux) expect((await run(file, args)).trim()).toBe(permitted ? '1' : '0');
  });

  it('is what the script becomes, with all arguments as they were, and without a word where that is not permitted', async () => {
    const told: string[] = [];
    const print = 'console.log(JSON.stringify(process.argv.slice(1)))';
    const awkward = ['a b', '', '$(id)', "it's"];
    await run('sh', ['-c', BECOME_REAL_TIME, 'sh', process.execPath, '--eval', print, '--', ...awkward], {
      onLine: (line) => told.push(line),
    });
    expect(told.map((line) => JSON.parse(line))).toEqual([awkward]);
  });

  it('starts ordinary ones', async () => {
    const front = await realTimeFront();
    const [file = 'sh', ...args] = [...front, 'sh', '-c', '"$0" --eval "$1"; true', process.execPath, TELL];
    if (onLinux) expect((await run(file, args)).trim()).toBe('0');
  });
});
