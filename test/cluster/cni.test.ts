import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { adaptManifest } from '../../src/cluster/cni/adapt-manifest.ts';
import { parseCniManifest, renderChart } from '../../src/cluster/cni/cni-manifest.ts';
import { CNI_PLUGINS, NAMED_CNIS, namedCni } from '../../src/cluster/cni/cni-table.ts';
import { BadInputError } from '../../src/model/problem.ts';
import { fakeTools } from '../support/fake-tools.ts';

describe('the table of CNIs', () => {
  it('has one entry for every file in kind-configs, and the other way round', () => {
    const files = readdirSync('kind-configs').sort();
    expect(NAMED_CNIS.map(({ kindConfig }) => kindConfig).sort()).toEqual(files);
  });

  it.each(NAMED_CNIS)(
    '$name: its kind configuration leaves the CNI to whoever installs it',
    ({ kindConfig, source }) => {
      const config = parse(readFileSync(`kind-configs/${kindConfig}`, 'utf8'));
      expect(config).toMatchObject({ kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4' });
      expect(config.networking.disableDefaultCNI ?? false).toBe(source.kind !== 'built-in');
      expect(config.networking.podSubnet).toMatch(/^\d+\.\d+\.0\.0\/16$/);
      expect(config.nodes.map(({ role }: { role: string }) => role)).toEqual(['control-plane', 'worker']);
    },
  );

  it('pins every download to content that cannot change', () => {
    const files = NAMED_CNIS.flatMap(({ source }) => (source.kind === 'built-in' ? [] : [source.file]));
    for (const { url, sha256 } of files) {
      expect(url).toMatch(/^https:\/\/raw\.githubusercontent\.com\/[^/]+\/[^/]+\/[0-9a-f]{40}\//);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    for (const { url, sha256 } of Object.values(CNI_PLUGINS.files)) {
      expect(url).toContain(`/v${CNI_PLUGINS.version}/`);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});

const CALICO = `
apiVersion: v1
kind: ConfigMap
metadata: {name: calico-config, namespace: kube-system}
data: {calico_backend: bird, veth_mtu: "0"}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec:
  template:
    spec:
      initContainers: [{name: install-cni, image: 'quay.io/calico/cni:v3.32.1'}]
      containers:
        - name: calico-node
          image: quay.io/calico/node:v3.32.1
          env:
            - {name: CALICO_IPV4POOL_IPIP, value: Always}
            - {name: NODENAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
          livenessProbe: {exec: {command: [/bin/calico-node, -felix-live, -bird-live]}, periodSeconds: 10}
          readinessProbe: {exec: {command: [/bin/calico-node, -felix-ready, -bird-ready]}, periodSeconds: 10}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ippools.crd.projectcalico.org}
---
apiVersion: v1
kind: Namespace
metadata: {name: late}
`;

describe("a CNI's manifest", () => {
  it('is read whole: objects in an order that can be applied, DaemonSets, images, version', () => {
    const manifest = parseCniManifest(CALICO, 'calico.yaml');
    expect(manifest.objects.map(({ kind }) => kind)).toEqual([
      'Namespace',
      'CustomResourceDefinition',
      'ConfigMap',
      'DaemonSet',
    ]);
    expect(manifest).toMatchObject({
      daemonSets: ['kube-system/calico-node'],
      images: ['quay.io/calico/cni:v3.32.1', 'quay.io/calico/node:v3.32.1'],
      version: 'v3.32.1',
    });
  });

  it('reads the items of a List', () => {
    const list =
      'kind: List\napiVersion: v1\nitems: [{apiVersion: v1, kind: Namespace, metadata: {name: a}}]';
    expect(parseCniManifest(list, 'x').objects).toHaveLength(1);
  });

  it.each([
    ['a: [b', /^cni\.yaml:\d+:\d+$/],
    ['just text', /^cni\.yaml$/],
    ['', /^cni\.yaml$/],
  ])('refuses %j with its place', (content, where) => {
    expect(() => parseCniManifest(content, 'cni.yaml')).toThrow(BadInputError);
    try {
      parseCniManifest(content, 'cni.yaml');
    } catch (error) {
      expect((error as BadInputError).problems).toMatchObject([
        { code: 'RP1805', where: expect.stringMatching(where) },
      ]);
    }
  });

  it("of Calico gets the cluster's range and VXLAN, and is not asked for BIRD's health", () => {
    const objects = adaptManifest('calico', parseCniManifest(CALICO, 'x').objects, {
      podSubnet: '10.99.0.0/16',
    });
    expect(objects).toContainEqual(
      expect.objectContaining({ kind: 'ConfigMap', data: { calico_backend: 'vxlan', veth_mtu: '0' } }),
    );
    const agent = objects.find(({ kind }) => kind === 'DaemonSet');
    expect(agent).toMatchObject({
      spec: {
        template: {
          spec: {
            initContainers: [{ name: 'install-cni' }],
            containers: [
              {
                image: 'quay.io/calico/node:v3.32.1',
                env: [
                  { name: 'NODENAME' },
                  { name: 'CALICO_IPV4POOL_CIDR', value: '10.99.0.0/16' },
                  { name: 'CALICO_IPV4POOL_IPIP', value: 'Never' },
                  { name: 'CALICO_IPV4POOL_VXLAN', value: 'Always' },
                ],
                livenessProbe: { exec: { command: ['/bin/calico-node', '-felix-live'] }, periodSeconds: 10 },
                readinessProbe: {
                  exec: { command: ['/bin/calico-node', '-felix-ready'] },
                  periodSeconds: 10,
                },
              },
            ],
          },
        },
      },
    });
  });

  it('that was fitted once stays as it is', () => {
    const network = { podSubnet: '10.244.0.0/16' };
    const once = adaptManifest('calico', parseCniManifest(CALICO, 'x').objects, network);
    expect(adaptManifest('calico', once, network)).toEqual(once);
  });

  it("of Flannel gets the cluster's range and keeps its back end", () => {
    const flannel = `
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-flannel-cfg, namespace: kube-flannel}
data:
  cni-conf.json: '{}'
  net-conf.json: '{"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}'
`;
    const [object] = adaptManifest('flannel', parseCniManifest(flannel, 'x').objects, {
      podSubnet: '10.99.0.0/16',
    });
    const data = object?.data as Record<string, string>;
    expect(data['cni-conf.json']).toBe('{}');
    expect(JSON.parse(data['net-conf.json'] ?? '')).toEqual({
      Network: '10.99.0.0/16',
      Backend: { Type: 'vxlan' },
    });
  });

  it("of the user's own is applied as it stands", () => {
    const { objects } = parseCniManifest(CALICO, 'x');
    expect(adaptManifest('./calico.yaml', objects, { podSubnet: '10.99.0.0/16' })).toBe(objects);
  });
});

describe('a CNI that comes as a chart', () => {
  const source = namedCni('cilium')?.source;
  const options = {
    name: 'cilium',
    chart: 'cilium.tgz',
    kubernetes: 'v1.34.3',
    signal: new AbortController().signal,
  };

  it('is rendered for the version of the cluster, with the values of the table', async () => {
    if (source?.kind !== 'helm-chart') return expect.unreachable('cilium is a chart');
    const { calls } = fakeTools({
      helm: `echo '{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: cilium}}'`,
    });
    expect(await renderChart({ ...options, source })).toMatchObject({ daemonSets: ['default/cilium'] });
    expect(calls()).toEqual([
      'helm template cilium cilium.tgz --namespace kube-system --include-crds --kube-version v1.34.3' +
        Object.entries(source.values)
          .map(([name, value]) => ` --set ${name}=${value}`)
          .join(''),
    ]);
  });

  it.each([
    ['there is no helm', {}, /no `helm`/],
    ['helm refuses', { helm: 'echo "Error: bad chart" >&2; exit 1' }, /helm template.*\nError: bad chart/],
  ])('is an error of the environment where %s, and offers the way around', async (_, tools, why) => {
    if (source?.kind !== 'helm-chart') return expect.unreachable('cilium is a chart');
    fakeTools(tools);
    await expect(renderChart({ ...options, source })).rejects.toMatchObject({
      problem: {
        code: 'RP2203',
        why: expect.stringMatching(why),
        remedy: expect.stringContaining('cni-manifest'),
      },
    });
  });
});
