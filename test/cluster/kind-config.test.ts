import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildKindConfig } from '../../src/cluster/kind/kind-config.ts';
import { BadInputError } from '../../src/model/problem.ts';

const base = readFileSync('kind-configs/calico.yaml', 'utf8');
const common = { base, nodes: 2, kubeProxyMode: 'iptables' } as const;

describe('the kind configuration', () => {
  it('has as many nodes as asked for, one of them the control plane, and pods may run on all', () => {
    const { nodes } = parse(buildKindConfig({ ...common, nodes: 3 }).yaml);
    expect(nodes.map(({ role }: { role: string }) => role)).toEqual(['control-plane', 'worker', 'worker']);
    expect(nodes[0].kubeadmConfigPatches[0]).toContain('taints: []');
  });

  it('leaves a lone control plane to kind, which lifts its taint and fails where there is none', () => {
    expect(parse(buildKindConfig({ ...common, nodes: 1 }).yaml).nodes).toEqual([{ role: 'control-plane' }]);
  });

  it('carries the node image on every node and the mode of kube-proxy', () => {
    const config = buildKindConfig({ ...common, kubeProxyMode: 'nftables', image: 'kindest/node:v1.34.3' });
    const { nodes, networking } = parse(config.yaml);
    expect(nodes.map(({ image }: { image: string }) => image)).toEqual([
      'kindest/node:v1.34.3',
      'kindest/node:v1.34.3',
    ]);
    expect(networking.kubeProxyMode).toBe('nftables');
    expect(config).toMatchObject({
      kubeProxyMode: 'nftables',
      podSubnet: '10.244.0.0/16',
      defaultCni: false,
    });
  });

  it("merges the user's maps over ours and replaces our list of nodes by theirs", () => {
    const content = `
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking: {podSubnet: 10.99.0.0/16, kubeProxyMode: ipvs}
featureGates: {SomeGate: true}
nodes:
  - role: control-plane
    labels: {zone: a}
  - {role: worker, image: 'kindest/node:v1.33.1'}
  - role: worker
`;
    const config = buildKindConfig({
      ...common,
      image: 'kindest/node:v1.34.3',
      user: { path: 'my.yaml', content },
    });
    expect(config).toMatchObject({
      nodes: 3,
      podSubnet: '10.99.0.0/16',
      kubeProxyMode: 'ipvs',
      defaultCni: false,
    });
    expect(parse(config.yaml)).toMatchObject({
      networking: { disableDefaultCNI: true, podSubnet: '10.99.0.0/16' },
      featureGates: { SomeGate: true },
      nodes: [
        { role: 'control-plane', labels: { zone: 'a' }, image: 'kindest/node:v1.34.3' },
        { role: 'worker', image: 'kindest/node:v1.33.1' },
        { role: 'worker', image: 'kindest/node:v1.34.3' },
      ],
    });
  });

  it("lets kube-proxy sync rarely in its own mode, beside the user's patches", () => {
    const user = { path: 'my.yaml', content: 'kubeadmConfigPatches: ["kind: ClusterConfiguration"]\n' };
    const modes = (['iptables', 'nftables', 'ipvs'] as const).map((kubeProxyMode) => {
      const { yaml } = buildKindConfig({ ...common, kubeProxyMode, minSyncPeriodMs: 5_000, user });
      return parse(yaml).kubeadmConfigPatches.map((patch: string) => parse(patch));
    });
    const own = { kind: 'KubeProxyConfiguration', apiVersion: 'kubeproxy.config.k8s.io/v1alpha1' };
    expect(modes).toEqual(
      ['iptables', 'nftables', 'ipvs'].map((mode) => [
        { kind: 'ClusterConfiguration' },
        { ...own, [mode]: { minSyncPeriod: '5000ms' } },
      ]),
    );
  });

  it('takes an empty file for no file', () => {
    const user = { path: 'my.yaml', content: '# nothing yet\n' };
    expect(buildKindConfig({ ...common, user })).toEqual(buildKindConfig(common));
  });

  it.each([
    ['networking:\n  podSubnet: [1', 'my.yaml:3:1', /./],
    ['- a\n- b', 'my.yaml', /not a map/],
    ['kind: Deployment', 'my.yaml', /not Cluster/],
    ['nodes: []', 'my.yaml', /not a list of nodes/],
  ])('refuses %j with its place', (content, where, why) => {
    try {
      buildKindConfig({ ...common, user: { path: 'my.yaml', content } });
    } catch (error) {
      expect(error).toBeInstanceOf(BadInputError);
      expect((error as BadInputError).problems).toMatchObject([
        { code: 'RP1801', where: expect.stringMatching(/^my\.yaml/), why: expect.stringMatching(why) },
      ]);
      if (where.includes(':'))
        expect((error as BadInputError).problems[0]?.where).toMatch(/^my\.yaml:\d+:\d+$/);
      return;
    }
    expect.unreachable('it was taken');
  });
});
