import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeTooOld } from '../../src/cli/node-version.ts';

/** Takes from this Node what Node 20 does not have and the program needs as soon as it is loaded. */
const AS_NODE_20 = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } }); delete Set.prototype.union;",
)}`;

async function underNode20(...args: readonly string[]) {
  return await new Promise((done) => {
    execFile(
      process.execPath,
      ['--import', AS_NODE_20, resolve('dist/cli.js'), ...args],
      (error, stdout, stderr) => done({ exitCode: error?.code ?? 0, stdout, stderr }),
    );
  });
}

describe('a Node that is too old', () => {
  it.each([['--version'], ['check', 'k8s/']])('is named before anything is loaded: %s', async (...args) => {
    expect(await underNode20(...args)).toEqual({
      exitCode: 5,
      stdout: '',
      stderr: `${nodeTooOld('20.20.2')}\n`,
    });
  });

  it('is told with a code, the version that was found and the one that is needed', () => {
    expect(nodeTooOld('20.20.2')).toMatch(
      /^RP2005 {2}This is Node 20\.20\.2, .* Node 24\.\n {8}Use Node 24 or newer/,
    );
    expect(nodeTooOld('23.11.0')).toContain('Node 23.11.0');
  });

  it('is one that package.json does not allow', () => {
    const oldest = /^>=(\d+)$/.exec(JSON.parse(readFileSync('package.json', 'utf8')).engines.node)?.[1];
    expect(nodeTooOld(`${oldest}.0.0`)).toBeUndefined();
    expect(nodeTooOld(`${Number(oldest) - 1}.99.0`)).toBeDefined();
    expect(nodeTooOld(process.versions.node)).toBeUndefined();
  });
});
