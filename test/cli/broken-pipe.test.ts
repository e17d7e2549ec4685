import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ignoreBrokenPipes } from '../../src/platform/broken-pipe.ts';
import { tempFolders } from '../support/temp-folder.ts';

const tempFolder = tempFolders();

/** `rollproof …`, one of whose streams nobody reads from the start; what the other said, and the exit code. */
async function unread(stream: 'stdout' | 'stderr', args: readonly string[]) {
  const child = spawn(process.execPath, [resolve('dist/cli.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // The reading end is closed before the program has loaded what prints.
  child[stream].destroy();
  let other = '';
  child[stream === 'stdout' ? 'stderr' : 'stdout'].setEncoding('utf8').on('data', (chunk: string) => {
    other += chunk;
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode, other };
}

const RECREATED = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: nginx, ports: [{containerPort: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`;

describe.concurrent('where nobody reads what is printed', () => {
  it('help ends quietly with 0', async () => {
    expect(await unread('stdout', ['--help'])).toEqual({ exitCode: 0, other: '' });
    expect(await unread('stdout', ['run', '--help'])).toEqual({ exitCode: 0, other: '' });
  });

  it.each([
    ['never', 0],
    ['error', 1],
  ])('check --fail-on %s ends with %i all the same', async (failOn, exitCode) => {
    const file = join(tempFolder(), 'app.yaml');
    writeFileSync(file, RECREATED);
    const args = ['check', file, '--format', 'json', '--fail-on', failOn];
    expect(await unread('stdout', args)).toEqual({ exitCode, other: '' });
  });

  it('bad input ends with 2 where its message is not read', async () => {
    expect(await unread('stderr', ['check', 'no-such-file.yaml'])).toEqual({ exitCode: 2, other: '' });
  });
});

it('an error that is no closed pipe is not swallowed', () => {
  const stream = new PassThrough();
  ignoreBrokenPipes(stream);
  const emit = (code: string) => stream.emit('error', Object.assign(new Error(code), { code }));
  expect(() => emit('EPIPE')).not.toThrow();
  expect(() => emit('ENOSPC')).toThrow('ENOSPC');
});
