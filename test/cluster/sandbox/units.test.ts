import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFieldSelector, parseLabelSelector } from '../../../src/cluster/sandbox/api/selectors.ts';
import { rolloutBounds } from '../../../src/cluster/sandbox/controllers/rollout-arithmetic.ts';
import { resolveImage } from '../../../src/cluster/sandbox/kubelet/image-catalogue.ts';
import { parseCommand } from '../../../src/cluster/sandbox/kubelet/shell.ts';
import { chooser, endpointKey } from '../../../src/cluster/sandbox/network/choice.ts';
import { type Endpoint, eligible } from '../../../src/cluster/sandbox/network/routing.ts';
import { seededRandom } from '../../../src/cluster/sandbox/random.ts';

const bounds = (
  replicas: number,
  rollingUpdate: { maxSurge?: number | string; maxUnavailable?: number | string },
) =>
  rolloutBounds({
    spec: { replicas, selector: {}, template: {}, strategy: { type: 'RollingUpdate', rollingUpdate } },
  });

describe('rollout arithmetic', () => {
  it.each([
    [1, {}, { maxSurge: 1, maxUnavailable: 0 }],
    [2, {}, { maxSurge: 1, maxUnavailable: 0 }],
    [4, {}, { maxSurge: 1, maxUnavailable: 1 }],
    [10, { maxSurge: '34%', maxUnavailable: '39%' }, { maxSurge: 4, maxUnavailable: 3 }],
    [1, { maxSurge: 0, maxUnavailable: '25%' }, { maxSurge: 0, maxUnavailable: 1 }],
    [3, { maxSurge: 0, maxUnavailable: 9 }, { maxSurge: 0, maxUnavailable: 3 }],
  ])('of %i replicas with %j is %j', (replicas, update, expected) => {
    expect(bounds(replicas, update)).toEqual(expected);
  });
});

describe('selectors', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'x',
      namespace: 'n',
      uid: '',
      resourceVersion: '',
      generation: 1,
      creationTimestamp: '',
      labels: { app: 'web', tier: 'a' },
    },
  };

  it.each([
    ['app=web', true],
    ['app==web,tier!=b', true],
    ['tier in (b, c)', false],
    ['tier notin (b,c),app', true],
    ['!app', false],
    ['', true],
  ])('labels: %s is %s', (text, expected) => {
    expect(parseLabelSelector(text)(object)).toBe(expected);
  });

  it.each([
    ['metadata.name=x', true],
    ['metadata.name!=x', false],
    ['spec.nodeName=', true],
  ])('fields: %s is %s', (text, expected) => {
    expect(parseFieldSelector(text)(object)).toBe(expected);
  });

  it('what can not be read is refused', () => {
    expect(() => parseLabelSelector('a b')).toThrow('unable to parse');
  });
});

describe('shell words', () => {
  it.each([
    [['sleep', '10'], [{ kind: 'sleep', ms: 10_000 }]],
    [['/bin/sh', '-c', 'sleep 0.5'], [{ kind: 'sleep', ms: 500 }]],
    [
      ['sh', '-c', 'sleep 5 && nginx -s quit'],
      [
        { kind: 'sleep', ms: 5_000 },
        { kind: 'signal', signal: 'stop' },
      ],
    ],
    [
      ['sh', '-c', 'echo "a;b" > /data/x; exit 3'],
      [
        { kind: 'write', file: '/data/x', text: 'a;b' },
        { kind: 'exit', code: 3 },
      ],
    ],
    [['sh', '-c', 'wget -qO- http://localhost:8080/drain'], [{ kind: 'fetch', port: 8080, path: '/drain' }]],
    [['sh', '-c', 'kill -TERM 1'], [{ kind: 'signal', signal: 'stop' }]],
  ])('%j', (argv, commands) => {
    expect(parseCommand(argv)?.map(({ command }) => command)).toEqual(commands);
  });

  it.each([
    [['sh', '-c', 'sleep $DELAY']],
    [['sh', '-c', 'a | b']],
    [['sh', '-c', 'sleep 5 & wait']],
    [['python', 'x.py']],
    [['rm', '-rf', '/']],
    [['sh', '-c', '$(reboot)']],
  ])('%j is not read at all', (argv) => {
    expect(parseCommand(argv)).toBeUndefined();
  });
});

describe('the image catalogue', () => {
  const resolve = (image: string, args: readonly string[] = []) =>
    resolveImage({ image, command: [], args, file: () => undefined });

  it.each([
    'nginx',
    'nginx:1.22',
    'docker.io/library/nginx:1.27-alpine',
    'registry.k8s.io/e2e-test-images/agnhost:2.53',
    'rollproof/sample:v2',
    'registry.k8s.io/pause:3.10',
  ])('knows %s', (image) => {
    expect(resolve(image).kind).toBe('program');
  });

  it.each(['registry.invalid/web:1', 'nginx:does_not_exist'])(
    'the pull of %s fails as it would anywhere',
    (image) => {
      expect(resolve(image).kind).toBe('no-such-image');
    },
  );

  it.each(['redis:7', 'nginx-ingress', 'example.com/nginx:1'])('does not pretend to know %s', (image) => {
    expect(resolve(image).kind).toBe('unknown');
  });

  it('plays agnhost with the manners its arguments ask for', () => {
    const resolution = resolve('registry.k8s.io/e2e-test-images/agnhost:2.53', [
      'netexec',
      '--http-port=80',
      '--delay-shutdown',
      '5',
    ]);
    expect(resolution).toMatchObject({
      program: { args: ['--port=80', '--pages=netexec', '--keep-alive=180000', '--on-sigterm=linger:5000'] },
    });
  });
});

describe('where new connections go', () => {
  const endpoint = (address: string, state: Partial<Endpoint> = {}): Endpoint => ({
    address,
    port: 80,
    node: 'a',
    ready: true,
    serving: true,
    terminating: false,
    ...state,
  });
  const terminating = { ready: false, serving: true, terminating: true };

  it('to ready endpoints, and only without any to those that terminate and still serve', () => {
    const [ready, leaving, gone] = [
      endpoint('1'),
      endpoint('2', terminating),
      endpoint('3', { ...terminating, serving: false }),
    ];
    expect(eligible([ready, leaving, gone], undefined)).toEqual([ready]);
    expect(eligible([leaving, gone], undefined)).toEqual([leaving]);
    expect(eligible([gone], undefined)).toEqual([]);
  });

  it('under the Local policy the fallback is looked for on the node alone', () => {
    const [here, elsewhere] = [endpoint('1', terminating), endpoint('2', { node: 'b' })];
    expect(eligible([here, elsewhere], 'a')).toEqual([here]);
  });

  it('round robin takes turns, least connections the one with the fewest', () => {
    const two = [endpoint('1'), endpoint('2')];
    const none = () => 0;
    const turns = chooser('round-robin', seededRandom(1, ''));
    expect([turns(two, none), turns(two, none), turns(two, none)].map((choice) => choice?.address)).toEqual([
      '1',
      '2',
      '1',
    ]);
    const least = chooser('least-connections', seededRandom(1, ''));
    expect(least(two, (candidate) => (endpointKey(candidate) === '1:80' ? 5 : 4))?.address).toBe('2');
  });

  it('the same seed draws the same, whatever else draws', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), (seed, part) => {
        const draw = () => Array.from({ length: 5 }, seededRandom(seed, part));
        expect(draw()).toEqual(draw());
      }),
    );
  });
});
