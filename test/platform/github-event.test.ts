import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readEventPayload } from '../../src/platform/github-event.ts';

it("reads the event's payload, and nothing where there is none to read", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'rollproof-event-'));
  try {
    const file = path.join(folder, 'event.json');
    expect(await readEventPayload(undefined)).toBeUndefined();
    expect(await readEventPayload('')).toBeUndefined();
    expect(await readEventPayload(file)).toBeUndefined();
    await writeFile(file, '{"number": 7');
    expect(await readEventPayload(file)).toBeUndefined();
    await writeFile(file, '{"number": 7}');
    expect(await readEventPayload(file)).toEqual({ number: 7 });
  } finally {
    await rm(folder, { recursive: true });
  }
});
