import type { Progress } from './progress.ts';

/** What one of several runs tells: each line begins with its name, because the others speak at the same time. */
export function progressOfOne(progress: Progress, name: string): Progress {
  return {
    line: (text) => progress.line(`${name}: ${text}`),
    warning: (text) => progress.warning(`${name}: ${text}`),
    status: (text) => progress.status(text === '' ? '' : `${name}: ${text}`),
    section: (title) => progress.section(title),
  };
}
