import { describe, expect, it } from 'vitest';
import { diagnose, type HostFacts } from '../../src/cluster/doctor.ts';

const GIB = 1024 ** 3;

const healthy: HostFacts = {
  platform: 'linux',
  docker: {
    serverVersion: '29.4.2',
    cgroupVersion: 2,
    rootDir: '/var/lib/docker',
    architecture: 'x86_64',
    kernel: '6.14.0',
    operatingSystem: 'Ubuntu 24.04',
  },
  kindVersion: '0.33.0',
  inotify: { watches: 524_288, instances: 512 },
  freeDiskBytes: 40 * GIB,
  modules: [
    { name: 'br_netfilter', state: 'loaded' },
    { name: 'nf_conntrack', state: 'loaded' },
    { name: 'nf_tables', state: 'available' },
    { name: 'ip_vs', state: 'unknown' },
  ],
  nodeImages: ['v1.37.0'],
  bridgePlugin: '/opt/cni/bin/bridge',
};

describe('the doctor', () => {
  it('finds nothing wrong with a healthy machine', () => {
    expect(diagnose(healthy).filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  it('gives every check an id of its own and every complaint a remedy', () => {
    const sick = diagnose({
      ...healthy,
      kindVersion: undefined,
      inotify: { watches: 8_192, instances: 128 },
      freeDiskBytes: GIB,
      modules: healthy.modules.map(({ name }) => ({ name, state: 'missing' })),
    });
    expect(new Set(sick.map(({ id }) => id)).size).toBe(sick.length);
    for (const check of sick)
      expect(check.status === 'ok' || check.remedy !== undefined, check.id).toBe(true);
  });

  it.each<[string, Partial<HostFacts>, string, 'warn' | 'fail', RegExp]>([
    ['no docker', { docker: { kind: 'no-client' } }, 'docker-client', 'fail', /Install Docker/],
    [
      'a stopped engine',
      { docker: { kind: 'no-engine', message: 'no socket' } },
      'docker-engine',
      'fail',
      /Start Docker/,
    ],
    ['no kind', { kindVersion: undefined }, 'kind', 'fail', /Install kind/],
    [
      'few inotify watches',
      { inotify: { watches: 8_192, instances: 512 } },
      'inotify',
      'warn',
      /sysctl fs\.inotify/,
    ],
    ['few inotify instances', { inotify: { watches: 524_288, instances: 128 } }, 'inotify', 'warn', /=512/],
    ['a full disk', { freeDiskBytes: GIB }, 'disk', 'fail', /prune/],
    ['a filling disk', { freeDiskBytes: 5 * GIB }, 'disk', 'warn', /prune/],
    [
      'no ip_vs',
      { modules: [{ name: 'ip_vs', state: 'missing' }] },
      'module-ip-vs',
      'warn',
      /modprobe ip_vs/,
    ],
  ])('names the remedy for %s', (_, changed, id, status, remedy) => {
    const check = diagnose({ ...healthy, ...changed }).find((one) => one.id === id);
    expect(check).toMatchObject({ status, remedy: expect.stringMatching(remedy) });
  });

  it('says what cgroup v1 costs', () => {
    const { docker } = healthy;
    if ('kind' in docker) throw new Error('the healthy machine has Docker');
    const check = diagnose({ ...healthy, docker: { ...docker, cgroupVersion: 1 } }).find(
      ({ id }) => id === 'cgroup',
    );
    expect(check).toMatchObject({ status: 'warn', text: expect.stringContaining('1.35') });
  });

  it('says nothing of what cannot be known without Docker or on another system', () => {
    const ids = diagnose({
      ...healthy,
      docker: { kind: 'no-client' },
      inotify: undefined,
      freeDiskBytes: undefined,
    }).map(({ id }) => id);
    for (const id of ['cgroup', 'inotify', 'disk', 'node-image']) expect(ids).not.toContain(id);
  });
});
