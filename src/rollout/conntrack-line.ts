/** A new connection (of UDP: the first datagram from a port) as a node's conntrack saw it. */
export interface NewConnection {
  /** What the client asked for, before any address translation. */
  readonly destination: string;
  readonly destinationPort: number;
  readonly sourcePort: number;
  /** Who answers: the address the node translated the destination to. */
  readonly answeredBy: string;
}

/**
 * Parses one line of `conntrack -E -e NEW`: two tuples, the second of which is the expected answer.
 * Undefined for lines that tell of no new TCP or UDP connection.
 */
export function parseConntrackLine(line: string): NewConnection | undefined {
  const match = LINE.exec(line);
  if (!match?.groups) return undefined;
  const { destination = '', destinationPort = '', sourcePort = '', answeredBy = '' } = match.groups;
  return {
    destination,
    destinationPort: Number(destinationPort),
    sourcePort: Number(sourcePort),
    answeredBy,
  };
}

const LINE =
  /\[NEW\]\s+(?:tcp|udp)\s.*?\bdst=(?<destination>\S+)\s+sport=(?<sourcePort>\d+)\s+dport=(?<destinationPort>\d+)\s.*?\bsrc=(?<answeredBy>\S+)\s+dst=/;
