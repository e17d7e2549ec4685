import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { BadInputError } from '../model/problem.ts';
import { isPrivateAddress } from '../platform/private-address.ts';
import { resolveHost } from '../platform/resolve-host.ts';

/** Where metrics go to. */
export interface StatsdEndpoint {
  readonly address: string;
  readonly port: number;
}

/** What fits into one datagram on every network. */
const DATAGRAM_BYTES = 1_400;

/**
 * The address of a statsd server, resolved once, before anything is run. Throws BadInputError where the host has none
 * (RP1052) or is neither this machine nor in a private network (RP1054): figures of a run are nobody else's.
 */
export async function statsdEndpoint({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): Promise<StatsdEndpoint> {
  const address = await resolveHost(host);
  if (isPrivateAddress(address)) return { address, port };
  throw new BadInputError([
    {
      code: 'RP1054',
      what: `The statsd server ${host} is neither this machine nor in a private network.`,
      where: 'statsd',
      why: `It is ${address}; metrics go there unencrypted.`,
      remedy: 'Name a server or an agent of your own network.',
    },
  ]);
}

/**
 * Sends lines as few datagrams, and forgets them: nobody answers, and nothing is sent twice. Resolves with what went
 * wrong, or undefined; it never rejects, because metrics decide nothing.
 */
export async function sendStatsd(
  { address, port }: StatsdEndpoint,
  lines: readonly string[],
): Promise<string | undefined> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('error', () => {});
  try {
    for (const datagram of datagrams(lines)) {
      await new Promise<void>((resolve, reject) => {
        socket.send(datagram, port, address, (error) => (error ? reject(error) : resolve()));
      });
    }
    return undefined;
  } catch (error) {
    return `metrics were not sent to ${address}:${port}: ${error instanceof Error ? error.message : error}`;
  } finally {
    socket.close();
  }
}

/** Lines joined as long as they fit. */
function datagrams(lines: readonly string[]): readonly string[] {
  const full: string[] = [];
  let open = '';
  for (const line of lines) {
    const joined = open === '' ? line : `${open}\n${line}`;
    if (open !== '' && Buffer.byteLength(joined) > DATAGRAM_BYTES) {
      full.push(open);
      open = line;
    } else open = joined;
  }
  return open === '' ? full : [...full, open];
}
