import { createReadStream } from 'node:fs';
import { isRecord } from '../model/plain-data.ts';
import { BadInputError } from '../model/problem.ts';
import { type Header, RECORDING_FORMAT, RECORDING_VERSION, type RecordingEntry } from '../model/recording.ts';
import { DEFAULT_PROTOCOL } from '../model/scenario.ts';
import { faultOf, isEntry } from './entry-shape.ts';

/** A recording as it was found. */
export interface Recording {
  readonly header: Header;
  /** All entries in the order in which they were written, the header first. */
  readonly entries: readonly RecordingEntry[];
}

/**
 * Reads a recording from disk. One that was cut short, even within its last line, is read as far as it goes: it has
 * no `end` then. Throws BadInputError where the file is missing or anything else in it is not a recording's.
 */
export async function readRecording(path: string): Promise<Recording> {
  try {
    return await recordingFrom(createReadStream(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof BadInputError) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new BadInputError([
      {
        code: 'RP1701',
        what: missing
          ? 'There is no such file or folder.'
          : `The recording cannot be read (${error instanceof Error && 'code' in error ? error.code : error}).`,
        where: path,
        remedy: 'Give the output folder of a run, or one of the .ndjson files in its folder recordings/.',
      },
    ]);
  }
}

/**
 * The same from text that comes in pieces, because a recording of hours is longer than any text may be; `name` says in
 * messages where it came from.
 */
export async function recordingFrom(
  pieces: AsyncIterable<string> | Iterable<string>,
  name: string,
): Promise<Recording> {
  const entries: RecordingEntry[] = [];
  // What follows the last line break is a line that was not finished, or nothing.
  let unfinished = '';
  for await (const piece of pieces) {
    const lines = `${unfinished}${piece}`.split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines) {
      if (entries.length === 0 && parsed(line) === undefined) throw foreign(name);
      entries.push(parseLine(line, `${name}:${entries.length + 1}`));
    }
  }
  return recordingOf(entries, unfinished, name);
}

function recordingOf(entries: RecordingEntry[], unfinished: string, name: string): Recording {
  if (parsed(unfinished) !== undefined) entries.push(parseLine(unfinished, `${name}:${entries.length + 1}`));
  const [header] = entries;
  if (header?.kind !== 'header') throw foreign(name);
  const misplaced = entries.findIndex(
    (entry, index) =>
      (entry.kind === 'header' && index > 0) || (entry.kind === 'end' && index < entries.length - 1),
  );
  if (misplaced >= 0) {
    const isEnd = entries[misplaced]?.kind === 'end';
    throw damaged(
      `${name}:${misplaced + 1}`,
      isEnd ? 'there are entries after the end' : 'there is a second header',
    );
  }
  const spoken = withProtocol(header);
  entries[0] = spoken;
  return { header: spoken, entries };
}

/** A recording from before there was a choice of protocols says none. */
function withProtocol(header: Header): Header {
  return {
    ...header,
    scenario: { ...header.scenario, protocol: header.scenario.protocol ?? DEFAULT_PROTOCOL },
  };
}

function parseLine(line: string, where: string): RecordingEntry {
  const value = parsed(line);
  if (value === undefined) throw damaged(where, 'the line is not JSON');
  if (isRecord(value) && value.kind === 'header') checkVersion(value, where);
  if (isEntry(value)) return value;
  throw damaged(where, faultOf(value) ?? 'the line is no entry');
}

function checkVersion(header: Readonly<Record<string, unknown>>, where: string): void {
  const { format, version } = header;
  if (format === RECORDING_FORMAT && version === RECORDING_VERSION) return;
  throw new BadInputError([
    {
      code: 'RP1703',
      what: `The recording has format ${JSON.stringify(format)}, version ${JSON.stringify(version)}.`,
      where,
      why: `This Rollproof reads ${RECORDING_FORMAT}, version ${RECORDING_VERSION}.`,
      remedy: 'Read it with the version of Rollproof that wrote it (the header names it).',
    },
  ]);
}

function foreign(name: string): BadInputError {
  return new BadInputError([
    {
      code: 'RP1702',
      what: 'This is not a Rollproof recording: its first line is no header.',
      where: `${name}:1`,
      remedy: 'Give the output folder of a run, or one of the .ndjson files in its folder recordings/.',
    },
  ]);
}

function damaged(where: string, why: string): BadInputError {
  return new BadInputError([
    {
      code: 'RP1704',
      what: 'The recording is damaged.',
      where,
      why,
      remedy: 'Make the recording again; one that was changed by hand is not judged.',
    },
  ]);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
