import { describe, expect, it } from 'vitest';
import {
  AFTER_GONE_MS,
  EMPTY_BOOK,
  type PodBook,
  podsToProbe,
  withPodEntry,
} from '../../src/gate/pods-to-probe.ts';
import type { RecordingEntry } from '../../src/model/recording.ts';

const ready = { ready: true, serving: true, terminating: false } as const;

function pod(name: string, atMs: number, more: object = {}): RecordingEntry {
  return {
    kind: 'pod',
    atMs,
    change: 'modified',
    uid: `uid-${name}`,
    name,
    address: `10.0.0.${name.length}`,
    templateHash: 'a',
    phase: 'Running',
    ready: true,
    containers: [],
    ...more,
  };
}

function endpoints(atMs: number, names: readonly string[], port = 8080): RecordingEntry {
  return {
    kind: 'endpoints',
    atMs,
    change: 'modified',
    slice: `web-${port}`,
    ports: ['metrics', 'http'],
    portNumbers: [9000, port],
    endpoints: names.map((name) => ({ address: `10.0.0.${name.length}`, pod: name, ...ready })),
  };
}

const bookOf = (...entries: readonly RecordingEntry[]): PodBook =>
  entries.reduce((book, entry) => withPodEntry(book, entry, 'http'), EMPTY_BOOK);
const asked = (book: PodBook, atMs = 10, limit = 5) => podsToProbe(book, atMs, limit).map(({ uid }) => uid);
const ENDS = { deletionTimestamp: '2026-11-20T12:00:34Z' };

describe('the pods that are asked at their own addresses', () => {
  it('are asked on the port that the Service leads to in them, which may differ', () => {
    const book = bookOf(pod('a', 1), pod('bb', 1), endpoints(2, ['a']), endpoints(2, ['bb'], 9090));
    expect(podsToProbe(book, 10, 5)).toEqual([
      { uid: 'uid-a', address: '10.0.0.1', port: 8080 },
      { uid: 'uid-bb', address: '10.0.0.2', port: 9090 },
    ]);
  });

  it('are left alone until the Service may send them requests, and asked until nobody can send them any more', () => {
    const starting = bookOf(pod('a', 1));
    expect(asked(starting)).toEqual([]);
    const ended = [pod('a', 1), endpoints(2, ['a']), pod('a', 3, ENDS), endpoints(4, [])];
    expect(asked(bookOf(...ended))).toEqual(['uid-a']);
    const gone = bookOf(...ended, pod('a', 5, { change: 'deleted' }));
    expect(asked(gone, 5 + AFTER_GONE_MS)).toEqual(['uid-a']);
    expect(asked(gone, 6 + AFTER_GONE_MS)).toEqual([]);
  });

  it('are those that end, then the newest, where there are too many', () => {
    const names = ['a', 'bb', 'ccc', 'dddd'];
    const book = bookOf(
      ...names.map((name) => pod(name, 1)),
      endpoints(2, names.slice(0, 3)),
      endpoints(5, names),
      pod('bb', 6, ENDS),
    );
    expect(asked(book, 10, 2)).toEqual(['uid-bb', 'uid-dddd']);
  });

  it('are none whose address is that of their node, and of another pod on it', () => {
    const shared = { address: '172.18.0.2' };
    const both = [pod('a', 1, shared), pod('bb', 1, shared), endpoints(2, ['a', 'bb'])];
    expect(asked(bookOf(...both))).toEqual([]);
    expect(asked(bookOf(...both, pod('a', 3, { ...shared, change: 'deleted' })))).toEqual([]);
  });

  it('are unknown where the slices do not tell the port', () => {
    const slice = { ...endpoints(2, ['a']), portNumbers: undefined } as unknown as RecordingEntry;
    expect(asked(bookOf(pod('a', 1), slice))).toEqual([]);
  });
});
