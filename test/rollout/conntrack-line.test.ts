import { describe, expect, it } from 'vitest';
import { parseConntrackLine } from '../../src/rollout/conntrack-line.ts';

// Captured in kind nodes with `conntrack -E -p tcp -e NEW`.
const CAPTURED = {
  'a node port, answered by a pod':
    '    [NEW] tcp      6 120 SYN_SENT src=172.18.0.1 dst=172.18.0.3 sport=20001 dport=31798 [UNREPLIED] src=10.244.1.2 dst=172.18.0.3 sport=80 dport=20001',
  'no translation at all':
    '    [NEW] tcp      6 120 SYN_SENT src=172.18.0.3 dst=172.18.0.2 sport=57270 dport=6443 [UNREPLIED] src=172.18.0.2 dst=172.18.0.3 sport=6443 dport=57270',
  'with a timestamp':
    '[1795225951.258351]\t    [NEW] tcp      6 120 SYN_SENT src=172.18.0.3 dst=172.18.0.2 sport=33760 dport=6443 [UNREPLIED] src=172.18.0.2 dst=172.18.0.3 sport=6443 dport=33760',
  'with a mark and a zone':
    '    [NEW] tcp      6 120 SYN_SENT src=10.244.0.7 dst=10.96.3.4 sport=20002 dport=80 [UNREPLIED] src=10.244.1.9 dst=10.244.0.7 sport=8080 dport=20002 mark=16384 zone=1',
};

describe('a line of conntrack', () => {
  it('tells what was asked for, from which port, and who answers', () => {
    const parsed = Object.fromEntries(
      Object.entries(CAPTURED).map(([name, line]) => [name, parseConntrackLine(line)]),
    );
    expect(parsed).toEqual({
      'a node port, answered by a pod': {
        destination: '172.18.0.3',
        destinationPort: 31_798,
        sourcePort: 20_001,
        answeredBy: '10.244.1.2',
      },
      'no translation at all': {
        destination: '172.18.0.2',
        destinationPort: 6443,
        sourcePort: 57_270,
        answeredBy: '172.18.0.2',
      },
      'with a timestamp': {
        destination: '172.18.0.2',
        destinationPort: 6443,
        sourcePort: 33_760,
        answeredBy: '172.18.0.2',
      },
      'with a mark and a zone': {
        destination: '10.96.3.4',
        destinationPort: 80,
        sourcePort: 20_002,
        answeredBy: '10.244.1.9',
      },
    });
  });

  it('tells the same of a datagram', () => {
    const line =
      '    [NEW] udp      17 30 src=172.18.0.1 dst=172.18.0.3 sport=20003 dport=31799 [UNREPLIED] src=10.244.1.2 dst=172.18.0.3 sport=8081 dport=20003';
    expect(parseConntrackLine(line)).toEqual({
      destination: '172.18.0.3',
      destinationPort: 31_799,
      sourcePort: 20_003,
      answeredBy: '10.244.1.2',
    });
  });

  it.each([
    'conntrack v1.4.7 (conntrack-tools): 2 flow events have been shown.',
    ' [UPDATE] tcp      6 60 SYN_RECV src=172.18.0.1 dst=172.18.0.3 sport=20001 dport=31798 src=10.244.1.2 dst=172.18.0.3 sport=80 dport=20001',
    '    [NEW] icmp     1 30 src=10.244.0.2 dst=172.18.0.1 type=8 code=0 id=1 [UNREPLIED] src=172.18.0.1 dst=10.244.0.2 type=0 code=0 id=1',
    CAPTURED['no translation at all'].slice(0, 70),
    '',
  ])('that tells of no new connection is none: %s', (line) => {
    expect(parseConntrackLine(line)).toBeUndefined();
  });
});
