import { describe, expect, it } from 'vitest';
import { parseProxyFigures } from '../../src/rollout/proxy-figures.ts';

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
