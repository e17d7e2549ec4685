import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { BadInputError, type Problem } from '../model/problem.ts';

/** 2 MiB: more than any manifest that people wrote. */
export const MAX_FILE_BYTES = 2 * 1024 * 1024;

export interface FileToRead {
  /** Where it is. */
  readonly path: string;
  /** How the user calls it; only this is ever printed. */
  readonly shown: string;
  /** Folder (a real path) that the file has to be in, symbolic links followed; absent: anywhere. */
  readonly workspace?: string | undefined;
}

/**
 * Reads a text file of the user's: UTF-8, at most 2 MiB, a regular file. A byte order mark is dropped.
 * Throws BadInputError, which never holds any of the content.
 */
export async function readTextFile(file: FileToRead): Promise<string> {
  await refuseOutside(file);
  await using handle = await openFile(file);
  const facts = await handle.stat();
  if (!facts.isFile())
    throw notAFile(file, facts.isDirectory() ? 'It is a folder.' : 'It is a device, a pipe or a socket.');
  // What was checked by its name is what was opened: nobody swapped it in between.
  const named = await stat(await realpath(file.path)).catch(() => undefined);
  if (named?.ino !== facts.ino || named.dev !== facts.dev)
    throw notAFile(file, 'It changed while it was read.');
  if (facts.size > MAX_FILE_BYTES) throw tooLarge(file);
  return decode(await readAtMost(handle, file), file.shown);
}

/** Bytes as the text of a file. Throws BadInputError (RP1023) where they are none. */
export function decode(bytes: Uint8Array, shown: string): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw encoding(shown, 'Its bytes are not valid UTF-8.');
  }
  const nul = text.indexOf('\0');
  if (nul >= 0)
    throw encoding(shown, `It holds a NUL character in line ${text.slice(0, nul).split('\n').length}.`);
  return text;
}

/** Throws BadInputError (RP1024) where a path, with symbolic links followed, is not below the workspace. */
export async function refuseOutside({ path: given, shown, workspace }: FileToRead): Promise<void> {
  if (workspace === undefined) return;
  const real = await realpath(given).catch(() => path.resolve(given));
  const relative = path.relative(await realpath(workspace), real);
  if (relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)) {
    throw new BadInputError([
      {
        code: 'RP1024',
        what: `${shown} leads out of the workspace.`,
        where: shown,
        why: 'In a workflow, Rollproof reads nothing but what was checked out, symbolic links included.',
        remedy: 'Put the file into the workspace, or name one that is there.',
      },
    ]);
  }
}

async function openFile(file: FileToRead): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    return await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new BadInputError([unreadable(file.shown, error)]);
  }
}

async function readAtMost(handle: FileHandle, file: FileToRead): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(MAX_FILE_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
  }
  throw tooLarge(file);
}

/** The problem behind a file-system error, by its code. */
export function unreadable(shown: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return {
      code: 'RP1020',
      what: `There is no ${shown}.`,
      where: shown,
      remedy: 'Correct the path; in a workflow, check that actions/checkout ran before this step.',
    };
  }
  return {
    code: 'RP1021',
    what: `${shown} can not be read.`,
    where: shown,
    why: `The system answers ${code}.`,
    remedy: 'Check its permissions, and that it is a regular file.',
  };
}

function notAFile({ shown }: FileToRead, why: string): BadInputError {
  return new BadInputError([
    { code: 'RP1021', what: `${shown} is not a regular file.`, where: shown, why, remedy: 'Name a file.' },
  ]);
}

export function tooLarge({ shown }: Pick<FileToRead, 'shown'>): BadInputError {
  return new BadInputError([
    {
      code: 'RP1022',
      what: `${shown} is too large.`,
      where: shown,
      why: `Files of more than ${MAX_FILE_BYTES / 1024 / 1024} MiB are not read.`,
      remedy: 'Split it, or leave out what the update is not about.',
    },
  ]);
}

function encoding(shown: string, why: string): BadInputError {
  return new BadInputError([
    { code: 'RP1023', what: `${shown} is not UTF-8 text.`, where: shown, why, remedy: 'Save it as UTF-8.' },
  ]);
}
