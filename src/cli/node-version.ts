/** The oldest Node that has everything the program uses; package.json says the same under `engines`. */
const OLDEST_MAJOR = 24;

/**
 * What to tell where the Node that runs the program (`20.20.2`) is too old for it (RP2005); undefined where it is not.
 * Nothing is imported here and nothing used that is newer than Node 18: it has to run where the rest cannot be loaded.
 */
export function nodeTooOld(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return undefined;
  return [
    `RP2005  This is Node ${version}, and Rollproof uses what came with Node ${OLDEST_MAJOR}.`,
    `        Use Node ${OLDEST_MAJOR} or newer; in a clone \`npm ci\` has put one into node_modules/.bin, which npm's scripts and npx in that folder use.`,
  ].join('\n');
}
