/** Images that are known to hold their own program and nothing else. */
const BARE: readonly RegExp[] = [
  /(^|\/)coredns\/coredns$|(^|\/)coredns$/,
  /(^|\/)hashicorp\/http-echo$/,
  /(^|\/)pause$/,
  /^(docker\.io\/)?traefik\/whoami$/,
];

/**
 * Has the image neither a shell nor a `sleep`, to judge by its name? True only where the name says so: distroless and
 * scratch images (but not their debug variants), and a few that are widely used.
 */
export function isBareImage(image: string): boolean {
  const [reference = ''] = image.split('@', 1);
  const [, repository = '', tag = ''] = /^(.*?)(?::([^:/]*))?$/.exec(reference) ?? [];
  if (/debug|busybox|shell/i.test(`${repository.split('/').at(-1)} ${tag}`)) return false;
  return (
    /distroless/i.test(repository) ||
    /(^|[-_.])(distroless|scratch)([-_.]|$)/i.test(tag) ||
    repository === 'scratch' ||
    BARE.some((bare) => bare.test(repository))
  );
}
