import { readFile } from 'node:fs/promises';

/**
 * The webhook payload of the run (the file that GITHUB_EVENT_PATH names), as parsed; undefined outside of GitHub
 * Actions and where the file cannot be read: a run without a payload is one without a pull request.
 */
export async function readEventPayload(file: string | undefined): Promise<unknown> {
  if (!file) return undefined;
  try {
    const payload: unknown = JSON.parse(await readFile(file, 'utf8'));
    return payload;
  } catch {
    return undefined;
  }
}
