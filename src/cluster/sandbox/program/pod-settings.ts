import { parseArgs } from 'node:util';

/** How a sandbox container behaves. These are the arguments of the image `rollproof/sample`. */
export interface PodSettings {
  /** Ports to listen on; none with `--no-server`. */
  readonly ports: readonly number[];
  /** Ports on which TCP lines come back as they are. */
  readonly echoPorts: readonly number[];
  /** Time from start to listening. */
  readonly startAfterMs: number;
  /** Time from start until `/ready` answers 200 instead of 503. */
  readonly readyAfterMs: number;
  /** Time an answer takes. */
  readonly latencyMs: number;
  /** Every n-th request is answered with `failStatus`; 0: none. */
  readonly failEvery: number;
  readonly failStatus: number;
  /** Every n-th request is reset instead of answered; 0: none. */
  readonly resetEvery: number;
  /** How long an idle connection is kept; 0: every answer closes its connection. */
  readonly keepAliveMs: number;
  readonly pages: 'sample' | 'nginx' | 'netexec' | 'health' | 'none';
  readonly answer: string | undefined;
  /**
   * `drain`: refuse new connections, finish what is in flight, end. `exit`: end at once. `ignore`: nothing.
   * `linger`: go on for a while, then `drain`.
   */
  readonly onSigterm:
    | { readonly kind: 'drain' | 'exit' | 'ignore' }
    | { readonly kind: 'linger'; readonly ms: number };
  /** With which it ends by itself or on SIGTERM. */
  readonly exitCode: number;
  /** Ends by itself after that long. */
  readonly endAfterMs: number | undefined;
}

/** Reads the arguments. Throws a TypeError that names the one that is wrong. */
export function parsePodSettings(args: readonly string[]): PodSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', multiple: true, default: ['8080'] },
      'echo-port': { type: 'string', multiple: true, default: [] },
      'no-server': { type: 'boolean', default: false },
      'start-after': { type: 'string', default: '0' },
      'ready-after': { type: 'string', default: '0' },
      latency: { type: 'string', default: '0' },
      'fail-every': { type: 'string', default: '0' },
      'fail-status': { type: 'string', default: '500' },
      'reset-every': { type: 'string', default: '0' },
      'keep-alive': { type: 'string', default: '5000' },
      pages: { type: 'string', default: 'sample' },
      answer: { type: 'string' },
      'on-sigterm': { type: 'string', default: 'drain' },
      'exit-code': { type: 'string', default: '0' },
      'end-after': { type: 'string' },
    },
  });
  const number = (name: keyof typeof values): number => {
    const value = Number(values[name]);
    if (!Number.isFinite(value) || value < 0)
      throw new TypeError(`--${name} takes a number, not ${String(values[name])}`);
    return value;
  };
  return {
    ports: values['no-server'] ? [] : values.port.map(Number),
    echoPorts: values['echo-port'].map(Number),
    startAfterMs: number('start-after'),
    readyAfterMs: number('ready-after'),
    latencyMs: number('latency'),
    failEvery: number('fail-every'),
    failStatus: number('fail-status'),
    resetEvery: number('reset-every'),
    keepAliveMs: number('keep-alive'),
    pages: parsePages(values.pages),
    answer: values.answer,
    onSigterm: parseOnSigterm(values['on-sigterm']),
    exitCode: number('exit-code'),
    endAfterMs: values['end-after'] === undefined ? undefined : number('end-after'),
  };
}

function parsePages(text: string): PodSettings['pages'] {
  switch (text) {
    case 'sample':
    case 'nginx':
    case 'netexec':
    case 'health':
    case 'none':
      return text;
    default:
      throw new TypeError(`--pages takes sample, nginx, netexec, health or none, not ${text}`);
  }
}

function parseOnSigterm(text: string): PodSettings['onSigterm'] {
  const [kind, ms] = text.split(':');
  if (kind === 'drain' || kind === 'exit' || kind === 'ignore') return { kind };
  if (kind === 'linger' && Number(ms) >= 0) return { kind, ms: Number(ms) };
  throw new TypeError(`--on-sigterm takes drain, exit, ignore or linger:<ms>, not ${text}`);
}
