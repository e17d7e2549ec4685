import { describe, expect, it } from 'vitest';
import { OWNED_PORTS, SourcePortMemory, SourcePortUse } from '../../src/gate/source-port-budget.ts';
import { SourcePorts } from '../../src/prober/program/source-ports.ts';

const { first, last, restMs } = OWNED_PORTS;
const request = { kind: 'probe', stream: 'target', seq: 0, scheduledMs: 0 } as const;

describe('the source ports of the next run', () => {
  it('begin behind the one that was used last, also where the prober is lost', () => {
    const use = new SourcePortUse(OWNED_PORTS);
    use.seen({ ...request, localPort: first + 500 }, 1_000);
    expect(use.range(2_000)).toEqual({ ...OWNED_PORTS, next: first + 501, resting: 501, kept: [] });
  });

  it('stay where they are after a request that used no new one, and after one that is told late', () => {
    const use = new SourcePortUse(OWNED_PORTS);
    use.seen({ ...request, localPort: first + 500 }, 1_000);
    use.seen(request, 1_100);
    use.seen({ ...request, localPort: first + 900, reused: true }, 1_100);
    use.seen({ ...request, localPort: first + 400 }, 1_200);
    expect(use.range(2_000)).toMatchObject({ next: first + 501, resting: 501 });
  });

  it('rest for two minutes and no longer, also around the end of the range', () => {
    const use = new SourcePortUse({ ...OWNED_PORTS, next: last - 99 });
    use.goOnAt(last - 49, 0);
    use.goOnAt(first + 25, 60_000);
    expect(use.range(61_000)).toMatchObject({ next: first + 25, resting: 125 });
    expect(use.range(restMs)).toMatchObject({ next: first + 25, resting: 75 });
    expect(use.range(60_000 + restMs)).toMatchObject({ next: first + 25, resting: 0 });
  });

  it('are there for a run that begins near the end of the range, where those before have rested', () => {
    const use = new SourcePortUse(OWNED_PORTS);
    for (let port = first + 100, second = 0; port <= last; port += 100, second++) {
      use.goOnAt(port, second * 1_000);
    }
    const nowMs = 509_000;
    const range = use.range(nowMs);
    expect(range.next).toBeGreaterThan(last - 200);
    const ports = new SourcePorts(range, nowMs);
    const taken = Array.from({ length: 1_000 }, () => ports.take(nowMs));
    expect(taken).not.toContain(undefined);
    expect(new Set(taken).size).toBe(1_000);
    // 100 ports in each of the seconds 390 to 508.
    expect(range.resting).toBe(11_900);
  });

  it('rest also where their connection was opened long ago and kept', () => {
    const use = new SourcePortUse(OWNED_PORTS);
    use.seen({ ...request, localPort: first }, 0);
    for (let ms = 1_000; ms <= 300_000; ms += 1_000)
      use.seen({ ...request, localPort: first, reused: true }, ms);
    use.goOnAt(last, 100_000);
    use.goOnAt(last, 200_000);
    const range = { ...use.range(310_000), next: first };
    expect(range).toMatchObject({ kept: [first] });
    expect(new SourcePorts(range, 310_000).take(310_000)).toBe(first + 1);
  });

  it('are all resting where the whole range was used within the time', () => {
    const use = new SourcePortUse(OWNED_PORTS);
    for (let lap = 0; lap < 3; lap++) {
      for (const port of [first + 20_000, first + 40_000, first]) use.goOnAt(port, 1_000);
    }
    const range = use.range(2_000);
    expect(range.resting).toBe(last - first + 1);
    expect(new SourcePorts(range, 2_000).take(2_000)).toBeUndefined();
  });
});

describe('the source ports of a vantage', () => {
  const web = { address: '10.96.0.1', port: 80 };
  const control = { address: '10.96.0.2', port: 80 };

  it('rest towards the destination they were used for, and are fresh towards every other', () => {
    const memory = new SourcePortMemory(OWNED_PORTS);
    memory.towards(web).seen({ ...request, localPort: first + 500 }, 1_000);
    expect(memory.towards({ ...web }).range(2_000)).toMatchObject({ next: first + 501, resting: 501 });
    expect(memory.towards(control).range(2_000)).toMatchObject({ resting: 0, kept: [] });
    expect(memory.towards({ ...web, port: 8080 }).range(2_000)).toMatchObject({ resting: 0 });
  });

  it('begin towards a new destination where the last new one has come to', () => {
    const memory = new SourcePortMemory(OWNED_PORTS);
    memory.towards(web);
    memory.goOnAt([{ ...web, next: first + 3_000 }], 1_000);
    const fresh = memory.towards(control).range(2_000);
    expect(fresh).toMatchObject({ next: first + 3_000, resting: 0 });
    expect(new SourcePorts(fresh, 2_000).take(2_000)).toBe(first + 3_000);
  });

  it('begin behind those of every other destination, also of one that was not the last new one', () => {
    const memory = new SourcePortMemory(OWNED_PORTS);
    for (const destination of [web, control]) memory.towards(destination);
    memory.goOnAt(
      [
        { ...web, next: first + 3_000 },
        { ...control, next: first + 700 },
      ],
      1_000,
    );
    const third = { ...web, port: 8080 };
    expect(memory.towards(third).range(2_000)).toMatchObject({ next: first + 3_000, resting: 0 });
    memory.goOnAt([{ ...third, next: first + 3_100 }], 2_000);
    expect(memory.towards({ ...web, port: 8081 }).next).toBe(first + 3_100);
  });

  it('go on towards each destination where its prober ended', () => {
    const memory = new SourcePortMemory(OWNED_PORTS);
    for (const destination of [web, control]) memory.towards(destination);
    memory.goOnAt(
      [
        { ...web, next: first + 40 },
        { ...control, next: first + 7 },
      ],
      1_000,
    );
    expect(memory.towards(web).range(2_000)).toMatchObject({ next: first + 40, resting: 40 });
    expect(memory.towards(control).range(2_000)).toMatchObject({ next: first + 7, resting: 7 });
  });
});
