import { describe, expect, it } from 'vitest';
import type { NodeShell } from '../../src/cluster/cluster-provider.ts';
import type { RecordingEntry } from '../../src/model/recording.ts';
import { emitProcesses, parseProcesses, parseProxyFigures } from '../../src/rollout/node-facts.ts';

const status = (pod: string, processIds: string, masks: { blk?: string; ign?: string; cgt?: string }) =>
  `container ${pod} web
NSpid:\t${processIds}
SigBlk:\t${masks.blk ?? '0000000000000000'}
SigIgn:\t${masks.ign ?? '0000000001001000'}
SigCgt:\t${masks.cgt ?? '0000000100000602'}
`;

describe('what a node knows of processes', () => {
  it('is whether they catch SIGTERM, ignore it, or leave it as it is, and whether they are process 1', () => {
    const facts = parseProcesses(
      status('catches', '6635\t1', { cgt: '0000000100004602' }) +
        status('fetches', '6636\t1', { blk: 'fffffffffffbfeff' }) +
        status('ignores', '6637\t1', { ign: '0000000001005000' }) +
        status('default', '6638\t1', {}) +
        status('shared', '6639\t31', {}),
    );
    expect(facts.map(({ pod, sigterm, first }) => [pod, sigterm, first])).toEqual([
      ['catches', 'caught', true],
      ['fetches', 'caught', true],
      ['ignores', 'ignored', true],
      ['default', 'default', true],
      ['shared', 'default', false],
    ]);
  });

  it('is nothing where a process had gone in the meantime', () => {
    expect(parseProcesses('container gone web\n')).toEqual([]);
    expect(parseProcesses('')).toEqual([]);
  });

  it('is nothing where the node cannot be asked, and that is no error', async () => {
    const emitted: RecordingEntry[] = [];
    const shell: Pick<NodeShell, 'run'> = { run: () => Promise.reject(new Error('no crictl')) };
    await emitProcesses({
      nodeShell: { ...shell, spawn: unused, copyTo: unused },
      nodes: ['worker'],
      namespace: 'web',
      clock: () => 1,
      emit: (entry) => emitted.push(entry),
    });
    expect(emitted).toEqual([]);
  });
});

describe("kube-proxy's figures", () => {
  const METRICS = `kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="0"} 0
kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="0.5"} 3
kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv6",le="0.5"} 1
kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="1"} 7
kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="2"} 7
kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="+Inf"} 8
kubeproxy_sync_proxy_rules_duration_seconds_sum{ip_family="IPv4"} 0.75
kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv4"} 10
kubeproxy_sync_proxy_rules_duration_seconds_sum{ip_family="IPv6"} 0.25
kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv6"} 2
`;

  it('are added up over IP families, up to the bound that holds for all', () => {
    expect(parseProxyFigures(METRICS)).toEqual({
      kind: 'proxy',
      syncs: 12,
      syncSeconds: 1,
      programmed: [
        { withinSeconds: 0, count: 0 },
        { withinSeconds: 0.5, count: 4 },
        { withinSeconds: 1, count: 7 },
      ],
    });
  });

  it('are read without labels as well, and are none where there is no kube-proxy', () => {
    const plain =
      'kubeproxy_sync_proxy_rules_duration_seconds_sum 1.5e-05\nkubeproxy_sync_proxy_rules_duration_seconds_count 1\n';
    expect(parseProxyFigures(plain)).toMatchObject({ syncs: 1, syncSeconds: 0.000015, programmed: [] });
    expect(parseProxyFigures('')).toBeUndefined();
  });
});

function unused(): never {
  throw new Error('not expected to be called');
}
