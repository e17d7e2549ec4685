import { execFileSync } from 'node:child_process';

/** The newest kind node image that this machine's Docker has: kind's own default may have to be fetched. */
export function newestNodeImage(): string | undefined {
  const format = '{{.Repository}}:{{.Tag}}';
  return execFileSync('docker', ['images', 'kindest/node', '--format', format], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((tag) => tag !== '' && !tag.endsWith('<none>'))
    .sort()
    .at(-1);
}
