import { describe, expect, it } from 'vitest';
import { openPodProbing } from '../../src/gate/pod-probing.ts';
import { SourcePortMemory } from '../../src/gate/source-port-budget.ts';
import type { PodProbe, RecordingEntry } from '../../src/model/recording.ts';
import type { Scenario } from '../../src/model/scenario.ts';
import { monotonicMs } from '../../src/prober/program/monotonic-clock.ts';
import { runnerVantage } from '../../src/prober/vantage/runner.ts';
import { aScenario } from '../support/a-recording.ts';
import { aPodFact, OLD, READY } from '../support/a-rollout-story.ts';
import { PROBER_PROGRAM, testPorts } from '../support/drive-prober.ts';
import { misbehavingServer } from '../support/misbehaving-server.ts';

const TARGET = { address: '10.96.0.1', port: 80, portName: 'http', service: 'web', notes: [] };

function opened(place: Parameters<typeof openPodProbing>[0]['place'], scenario: Partial<Scenario> = {}) {
  const openedMs = monotonicMs();
  const entries: RecordingEntry[] = [];
  let told = Promise.withResolvers<void>();
  const probing = openPodProbing({
    scenario: aScenario({ ratePerSecond: 1_000, ...scenario }),
    target: TARGET,
    place,
    openedMs,
    clock: () => monotonicMs() - openedMs,
    emit(entry) {
      entries.push(entry);
      told.resolve();
      told = Promise.withResolvers();
    },
  });
  const probes = () => entries.filter((entry): entry is PodProbe => entry.kind === 'pod-probe');
  const atLeast = async (count: number) => {
    while (probes().length < count) await told.promise;
  };
  return { probing, entries, probes, atLeast };
}

describe('requests to the own addresses of pods', () => {
  it('are made from the update on until probing stops, with the pod they were for', async () => {
    await using server = await misbehavingServer(() => 'answer');
    const vantage = runnerVantage(PROBER_PROGRAM);
    const ports = testPorts();
    const podPorts = new SourcePortMemory(ports);
    const { probing, probes, atLeast } = opened(Promise.resolve({ vantage, podPorts }), {
      path: '/wait/{ms}',
      slow: { durationMs: 9_000 },
    });
    await using asking = await probing;
    asking.see(aPodFact('old', 1, { address: '127.0.0.1' }));
    asking.see({
      kind: 'endpoints',
      atMs: 1,
      change: 'listed',
      slice: 'web-1',
      ports: ['http'],
      portNumbers: [server.port],
      endpoints: [{ ...OLD, ...READY, address: '127.0.0.1' }],
    });
    expect(probes()).toEqual([]);
    asking.see({ kind: 'mark', atMs: 2, mark: 'update-triggered' });
    await atLeast(3);
    asking.see({ kind: 'mark', atMs: 3, mark: 'probing-stopped' });
    await asking.finish(5_000);
    expect(server.requests).toHaveLength(probes().length);
    expect(server.requests[0]).toMatch(/^GET \/wait\/0 HTTP\/1\.1\r\n/);
    expect(server.requests[0]?.toLowerCase()).toContain('host: 10.96.0.1:80');
    for (const { pod, status, remote, localPort = 0, scheduledMs } of probes()) {
      expect({ pod, status, remote }).toEqual({
        pod: 'uid-old-0',
        status: 200,
        remote: `127.0.0.1:${server.port}`,
      });
      expect(localPort).toBeGreaterThanOrEqual(ports.first);
      expect(localPort).toBeLessThanOrEqual(ports.last);
      expect(scheduledMs).toBeGreaterThanOrEqual(0);
    }
  });

  it('are none, and a note says why, where no prober reaches pods: nothing else changes', async () => {
    const { probing, entries } = opened(Promise.reject(new Error('no such place')));
    const asking = await probing;
    asking.see({ kind: 'mark', atMs: 2, mark: 'update-triggered' });
    await asking.finish(1);
    await asking[Symbol.asyncDispose]();
    expect(entries).toMatchObject([
      { kind: 'note', level: 'info', subject: 'pod-probes', text: expect.stringContaining('no such place') },
    ]);
  });

  it('end with a note where their prober is lost', async () => {
    const { launch } = runnerVantage(PROBER_PROGRAM);
    const vantage = {
      ...{ sourceAddress: undefined, launch },
      async [Symbol.asyncDispose]() {},
    };
    const { probing, entries } = opened(
      Promise.resolve({ vantage, podPorts: new SourcePortMemory(testPorts()) }),
    );
    const asking = await probing;
    await asking[Symbol.asyncDispose]();
    await asking.finish(1_000);
    expect(entries).toMatchObject([{ kind: 'note', text: expect.stringContaining('to the end') }]);
  });
});
