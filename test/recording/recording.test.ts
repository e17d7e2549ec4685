import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BadInputError, type Problem } from '../../src/model/problem.ts';
import { readRecording } from '../../src/recording/read-recording.ts';
import { openRecording } from '../../src/recording/recording-writer.ts';
import { aRecording } from '../support/a-recording.ts';

let folder = '';
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rollproof-recording-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fresh = () => join(folder, `${++files}.ndjson`);
const ENTRIES = aRecording({ tailMs: 500 });
const LINES = ENTRIES.map((entry) => JSON.stringify(entry));

async function fileWith(text: string): Promise<string> {
  const path = fresh();
  await writeFile(path, text);
  return path;
}

async function problemOf(reading: Promise<unknown>): Promise<Problem | undefined> {
  const error = await reading.then(
    () => undefined,
    (error: unknown) => error,
  );
  return error instanceof BadInputError ? error.problems[0] : undefined;
}

describe('a recording', () => {
  it('is read as it was written', async () => {
    const path = fresh();
    const writer = await openRecording(path);
    for (const entry of ENTRIES) {
      writer.append(entry);
      await writer.ready();
    }
    await writer.close();
    const { header, entries } = await readRecording(path);
    expect(entries).toEqual(ENTRIES);
    expect(header).toEqual(ENTRIES[0]);
  });

  it('keeps the order of entries that come faster than the disk takes them', async () => {
    const path = fresh();
    await using writer = await openRecording(path);
    for (const entry of ENTRIES) writer.append(entry);
    await writer.close();
    expect((await readRecording(path)).entries).toEqual(ENTRIES);
  });

  it('is read the same where its lines and characters lie across the pieces it is read in', async () => {
    const path = fresh();
    const long = ENTRIES.map((entry) =>
      entry.kind === 'note' ? { ...entry, text: 'é€😀'.repeat(50_000) } : entry,
    );
    const note = { kind: 'note', atMs: 1, level: 'info', subject: 'x', text: 'é€😀'.repeat(50_000) } as const;
    const entries = [...long.slice(0, -1), note, ...long.slice(-1)];
    await using writer = await openRecording(path);
    for (const entry of entries) writer.append(entry);
    await writer.close();
    expect((await readRecording(path)).entries).toEqual(entries);
  });

  it('that waits for the disk again and again leaves no listener behind', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    await using writer = await openRecording(fresh());
    const text = 'x'.repeat(100_000);
    for (let index = 0; index < 50; index++) {
      writer.append({ kind: 'note', atMs: index, level: 'info', subject: 'long', text });
      await writer.ready();
    }
    await writer.close();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('is never written over another one', async () => {
    const path = await fileWith('mine\n');
    await expect(openRecording(path)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path, 'utf8')).toBe('mine\n');
  });

  it('takes nothing any more once it is closed', async () => {
    const writer = await openRecording(fresh());
    await writer.close();
    await writer.close();
    expect(() => writer.append({ kind: 'mark', atMs: 1, mark: 'cancelled' })).toThrow('closed');
  });

  it('can be read up to any place at which it was cut off', async () => {
    const text = `${LINES.join('\n')}\n`;
    for (const cut of [LINES[0]?.length ?? 0, 2_000, 10_001, text.length - 30, text.length - 1]) {
      const { entries } = await readRecording(await fileWith(text.slice(0, cut)));
      expect(entries).toEqual(ENTRIES.slice(0, entries.length));
      expect(text.slice(0, cut).split('\n').length - entries.length).toBeLessThanOrEqual(1);
    }
  });

  it('is refused with the line that is wrong', async () => {
    const wrong = async (line: string) => {
      const path = await fileWith(`${[LINES[0], LINES[1], line, LINES[2]].join('\n')}\n`);
      const problem = await problemOf(readRecording(path));
      expect(problem?.where).toBe(`${path}:3`);
      return `${problem?.code} ${problem?.why}`;
    };
    expect(await wrong('{"kind":"wish","atMs":1}')).toBe('RP1704 kind: "wish" is not known');
    expect(await wrong('{"kind":"__proto__"}')).toBe('RP1704 kind: "__proto__" is not known');
    expect(await wrong('{"kind":"mark","atMs":"1","mark":"cancelled"}')).toBe(
      'RP1704 atMs: a number is expected',
    );
    expect(await wrong('{"kind":"mark","atMs":1,"mark":"lunch"}')).toMatch(
      'RP1704 mark: one of probing-started,',
    );
    expect(await wrong('{"kind":"probe","stream":"target","seq":-1,"scheduledMs":0}')).toBe(
      'RP1704 seq: a count is expected',
    );
    expect(
      await wrong('{"kind":"heartbeat","atMs":1,"loopStallMs":0,"inFlight":0,"nextSeq":{"target":"1"}}'),
    ).toBe('RP1704 nextSeq.target: a count is expected');
    expect(await wrong('{"kind"')).toBe('RP1704 the line is not JSON');
    expect(await wrong('7')).toBe('RP1704 entry: an object is expected');
    expect(await wrong(LINES[0] ?? '')).toBe('RP1704 there is a second header');
    expect(await wrong(LINES.at(-1) ?? '')).toBe('RP1704 there are entries after the end');
  });

  it('of another version is refused, with what to do', async () => {
    const header = { ...ENTRIES[0], version: 2 };
    for (const end of ['', '\n']) {
      const problem = await problemOf(readRecording(await fileWith(JSON.stringify(header) + end)));
      expect(problem).toMatchObject({
        code: 'RP1703',
        remedy: expect.stringContaining('version of Rollproof'),
      });
    }
  });

  it('may hold fields that this version does not know', async () => {
    const path = await fileWith(`${LINES[0]}\n{"kind":"mark","atMs":1,"mark":"cancelled","why":"later"}\n`);
    expect((await readRecording(path)).entries).toHaveLength(2);
  });

  it.each([
    ['an empty file', '', 'RP1702'],
    ['a file of something else', 'hello\n', 'RP1702'],
    ['a recording without its header', `${LINES[1]}\n`, 'RP1702'],
  ])('is not %s', async (_what, text, code) => {
    expect((await problemOf(readRecording(await fileWith(text))))?.code).toBe(code);
  });

  it('from before there was a choice of protocols spoke HTTP', async () => {
    const path = await fileWith(`${LINES.join('\n').replace('"protocol":"http",', '')}\n`);
    expect(await readFile(path, 'utf8')).not.toContain('"protocol"');
    const { header, entries } = await readRecording(path);
    expect(header.scenario.protocol).toBe('http');
    expect(entries).toEqual(ENTRIES);
  });

  it('that is missing is bad input', async () => {
    expect(await problemOf(readRecording(join(folder, 'none')))).toMatchObject({
      code: 'RP1701',
      what: 'There is no such file or folder.',
    });
  });

  it('whose last line was cut within a character is read up to there', async () => {
    const path = await fileWith(`${LINES[0]}\n`);
    await appendFile(path, Buffer.from('{"kind":"note","text":"ä').subarray(0, -1));
    expect((await readRecording(path)).entries).toHaveLength(1);
  });
});
