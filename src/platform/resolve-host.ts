import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { BadInputError, messageOf } from '../model/problem.ts';

/** The IP address of a host, asked for once. Throws BadInputError (RP1052) where the name has none. */
export async function resolveHost(hostname: string): Promise<string> {
  if (isIP(hostname) !== 0) return hostname;
  try {
    return (await lookup(hostname)).address;
  } catch (error) {
    throw new BadInputError([
      {
        code: 'RP1052',
        what: `The name ${JSON.stringify(hostname)} has no address.`,
        where: 'rollproof probe',
        why: messageOf(error),
        remedy: 'Correct the name, or write the IP address.',
      },
    ]);
  }
}
