import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/cluster/cluster-provider.ts';
import { existingProvider } from '../../src/cluster/existing/existing-provider.ts';
import { aCluster } from '../support/a-cluster.ts';
import { type FakeKube, startFakeKube } from '../support/fake-kube.ts';
import { tempFolder } from '../support/temp-folder.ts';

const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

describe('an existing cluster', () => {
  it('is described and left alone', async () => {
    await using kube = await startFakeKube();
    allow(kube, () => true);
    kube.answer('/version', { gitVersion: 'v1.36.4' });
    kube.answer('/api/v1/nodes', {
      items: [
        {
          metadata: { name: 'a', labels: { 'node-role.kubernetes.io/control-plane': '' } },
          spec: { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] },
          status: { addresses: [{ type: 'InternalIP', address: '192.0.2.7' }] },
        },
        {
          metadata: { name: 'b' },
          spec: { taints: [{ key: 'node.kubernetes.io/disk-pressure', effect: 'NoSchedule' }] },
        },
      ],
    });
    kube.answer('/apis/apps/v1/daemonsets', { items: [{ metadata: { name: 'cilium' } }] });
    kube.answer('/api/v1/namespaces/kube-system/configmaps/kube-proxy', {
      data: { 'config.conf': 'kind: KubeProxyConfiguration\nmode: nftables\n' },
    });
    const cluster = await acquire(kubeconfigOf(kube));
    expect(cluster).toMatchObject({
      provider: 'existing',
      name: 'loaded-context',
      environment: {
        cluster: 'existing',
        kubernetes: 'v1.36.4',
        cni: 'cilium',
        kubeProxyMode: 'nftables',
        nodes: 2,
      },
      nodes: [
        { name: 'a', address: '192.0.2.7', controlPlane: true, schedulable: false },
        { name: 'b', address: 'b', controlPlane: false, schedulable: true },
      ],
    });
    expect(cluster.nodeShell).toBeUndefined();
    expect(statSync(cluster.kubeconfigPath).mode & 0o777).toBe(0o600);
    expect(readFileSync(cluster.kubeconfigPath, 'utf8')).not.toContain('another-context');
    const before = kube.seen.length;
    await cluster[Symbol.asyncDispose]();
    expect(kube.seen.length).toBe(before);
    expect(kube.seen.filter(({ method, path }) => method !== 'GET' && path !== REVIEWS)).toEqual([]);
  });

  it('whose nodes may not be listed is described as far as it may be', async () => {
    await using kube = await startFakeKube();
    allow(
      kube,
      () => true,
      '/api/v1/nodes',
      '/apis/apps/v1/daemonsets',
      '/api/v1/namespaces/kube-system/configmaps/kube-proxy',
    );
    kube.answer('/version', { gitVersion: 'v1.36.4' });
    const { nodes, environment } = await acquire(kubeconfigOf(kube));
    expect(nodes).toEqual([]);
    expect(environment).toMatchObject({ cni: 'unknown', kubeProxyMode: 'unknown', nodes: 0 });
  });

  it('that does not allow what the gate needs is refused with what is missing', async () => {
    await using kube = await startFakeKube();
    allow(kube, ({ resource, verb }) => resource !== 'namespaces' || verb !== 'create');
    kube.answer('/version', { gitVersion: 'v1.36.4' });
    await expect(acquire(kubeconfigOf(kube))).rejects.toMatchObject({
      problem: { code: 'RP2403', why: 'It is not allowed to: create namespaces.' },
    });
  });

  it('of a context the kubeconfig does not have is refused with those it has', async () => {
    await using kube = await startFakeKube();
    await expect(acquire(kubeconfigOf(kube), 'prod')).rejects.toMatchObject({
      problem: { code: 'RP2401', where: 'context', why: 'It has loaded-context, another-context.' },
    });
  });

  it('without a readable kubeconfig is refused with the path', async () => {
    await expect(acquire('absent/kubeconfig')).rejects.toMatchObject({
      problem: { code: 'RP2402', where: 'absent/kubeconfig' },
    });
  });
});

type Attributes = Readonly<Record<'verb' | 'resource', string>>;

function allow(
  kube: FakeKube,
  allowed: (asked: Attributes) => boolean,
  ...forbidden: readonly string[]
): void {
  kube.decide(({ path, body }) => {
    if (forbidden.includes(path)) return { status: 403, body: { reason: 'Forbidden', message: 'no' } };
    if (path !== REVIEWS) return undefined;
    const { spec } = body as { readonly spec: { readonly resourceAttributes: Attributes } };
    return { status: 201, body: { status: { allowed: allowed(spec.resourceAttributes) } } };
  });
}

function kubeconfigOf(kube: FakeKube): string {
  const path = join(tempFolder(), 'config');
  const config = JSON.parse(kube.kubeConfig.exportConfig());
  const [context] = config.contexts;
  config.contexts.push({ ...context, name: 'another-context' });
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function acquire(kubeconfig: string, context?: string): Promise<Cluster> {
  return existingProvider().acquire(
    { ...aCluster('existing'), kubeconfig, ...(context === undefined ? {} : { context }) },
    {
      signal: new AbortController().signal,
      progress: () => {},
      workDir: tempFolder(),
      logsDir: tempFolder(),
      imagesIfPresent: [],
    },
  );
}
