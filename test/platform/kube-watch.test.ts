import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/platform/kube-objects.ts';
import { type WatchOptions, watchKube } from '../../src/platform/kube-watch.ts';
import { event, type FakeKube, refusal, startFakeKube } from '../support/fake-kube.ts';

const PATH = '/api/v1/namespaces/shop/pods';

let fake: FakeKube;
let stop: AbortController;
let told: string[];

beforeEach(async () => {
  fake = await startFakeKube();
  stop = new AbortController();
  told = [];
});

afterEach(async () => {
  stop.abort();
  await fake[Symbol.asyncDispose]();
});

const pod = (name: string, resourceVersion: number): KubeObject => ({
  metadata: { name, uid: `uid-${name}`, resourceVersion: String(resourceVersion) },
});

function list(resourceVersion: number, ...items: readonly KubeObject[]): void {
  fake.answer(PATH, { metadata: { resourceVersion: String(resourceVersion) }, items });
}

function watch(more: Partial<WatchOptions<KubeObject>> = {}) {
  return watchKube<KubeObject>({
    kubeConfig: fake.kubeConfig,
    path: PATH,
    signal: stop.signal,
    silenceMs: 60_000,
    onChange: (change, { metadata }) => told.push(`${change} ${metadata.name}@${metadata.resourceVersion}`),
    onRelisted: (why) => told.push(`relisted: ${why}`),
    ...more,
  });
}

const lastVersion = () => fake.seen.findLast(({ query }) => query.has('watch'))?.query.get('resourceVersion');

describe('a watch', () => {
  it('tells what exists, then every change in its order', async () => {
    list(5, pod('a', 3));
    fake.watch(PATH, {
      send: [event('ADDED', pod('b', 6)), event('MODIFIED', pod('a', 7)), event('DELETED', pod('b', 8))],
      ending: 'close',
    });
    const { listed } = watch();
    await listed;
    await fake.watched(PATH, 2);
    expect(told).toEqual(['listed a@3', 'added b@6', 'modified a@7', 'deleted b@8']);
  });

  it('goes on after a proper close from the last version it was told, a bookmark included, without listing', async () => {
    list(5);
    const bookmark = { metadata: { resourceVersion: '90' } };
    fake.watch(PATH, { send: [event('ADDED', pod('a', 6)), event('BOOKMARK', bookmark)], ending: 'close' });
    watch();
    await fake.watched(PATH, 2);
    expect(lastVersion()).toBe('90');
    expect(fake.seen.filter(({ query }) => !query.has('watch'))).toHaveLength(1);
  });

  it.each([
    ['refused with 410', { refuse: 410 }],
    [
      'ended with an ERROR of 410 inside the stream',
      { send: [event('ERROR', { code: 410, message: 'expired' })], ending: 'silence' },
    ],
    ['torn in the middle of a line', { send: [event('MODIFIED', pod('a', 7)).slice(0, 30)], ending: 'tear' }],
    [
      'closed in the middle of a line',
      { send: [event('MODIFIED', pod('a', 7)).slice(0, 30)], ending: 'close' },
    ],
    [
      'broken in the middle of the stream',
      { send: ['{"type":"MODI\n', event('MODIFIED', pod('a', 7))], ending: 'silence' },
    ],
    ['refused with 500', { refuse: 500 }],
  ] as const)('that was %s lists anew and tells only what differs', async (_, script) => {
    list(5, pod('a', 3), pod('gone', 4), pod('same', 2));
    fake.watch(PATH, script);
    const { listed } = watch();
    await listed;
    list(20, pod('a', 9), pod('new', 11), pod('same', 2));
    told.length = 0;
    await fake.watched(PATH, 2);
    expect(told.slice(0, 3)).toEqual(['deleted gone@4', 'listed a@9', 'listed new@11']);
    expect(told.slice(3)).toEqual([expect.stringMatching(/^relisted: ./)]);
    expect(lastVersion()).toBe('20');
  });

  it('does not believe silence: the truth is listed anew', async () => {
    list(5, pod('a', 3));
    const { listed } = watch({ silenceMs: 50 });
    await listed;
    list(9);
    await fake.watched(PATH, 2);
    expect(told).toEqual(['listed a@3', 'deleted a@3']);
  });

  it('ends for good where the server forbids it', async () => {
    fake.decide(() => refusal(403, 'Forbidden', 'pods is forbidden'));
    const { listed, ended } = watch();
    await expect(listed).rejects.toThrow('pods is forbidden');
    await expect(ended).rejects.toThrow('pods is forbidden');
  });

  it('hands on the very exception of whoever listens', async () => {
    list(5);
    fake.watch(PATH, { send: [event('ADDED', pod('a', 6))], ending: 'silence' });
    const bug = new Error('a bug of the listener');
    const { ended } = watch({
      onChange() {
        throw bug;
      },
    });
    await expect(ended).rejects.toBe(bug);
  });

  it('stops when told to, and its end is no failure', async () => {
    list(5);
    const { listed, ended } = watch();
    await listed;
    await fake.watched(PATH, 1);
    stop.abort();
    await expect(ended).resolves.toBeUndefined();
  });
});
