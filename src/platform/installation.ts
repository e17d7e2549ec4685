import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../../package.json' with { type: 'json' };

/** Where the parts of this copy of Rollproof are. */
export interface Installation {
  readonly version: string;
  readonly proberProgram: string;
  readonly reaperProgram: string;
  readonly kindConfigsDir: string;
  /** Manifests and configuration of `rollproof demo`. */
  readonly demoDir: string;
}

/** Finds them from the place of the running program, be it a bundle in dist/ or a source file. */
export function installation(): Installation {
  const root = rootFrom(dirname(fileURLToPath(import.meta.url)));
  return {
    version: manifest.version,
    proberProgram: join(root, 'dist', 'prober.js'),
    reaperProgram: join(root, 'dist', 'reaper.js'),
    kindConfigsDir: join(root, 'kind-configs'),
    demoDir: join(root, 'examples', 'demo'),
  };
}

function rootFrom(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'kind-configs'))) return folder;
    if (folder === dirname(folder)) throw new Error(`no kind-configs/ in any folder above ${start}`);
  }
}
