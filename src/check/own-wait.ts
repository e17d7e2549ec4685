import type { Container } from './container.ts';

/** Options and variables that tell a server to wait before it stops listening. */
const OWN_WAIT =
  /(shutdown|termination|terminate|drain|lame-?duck|pre-?stop|graceful)\w*[-_. ]*(delay|wait|sleep|pause|lameduck)|requestAcceptGraceTimeout|lame-?duck|shutdown-?delay/i;

/** The option or the variable by which a program seems to wait before it stops listening. */
export function ownWait({ command, args, environmentNames }: Container): string | undefined {
  return [...command, ...args, ...environmentNames].find((one) => OWN_WAIT.test(one))?.slice(0, 100);
}
