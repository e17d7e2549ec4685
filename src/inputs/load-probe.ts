import { BadInputError, type Problem } from '../model/problem.ts';
import type { ConnectionMode } from '../model/scenario.ts';
import type { UrlProbe } from '../model/url-probe.ts';
import { isPrivateAddress } from '../platform/private-address.ts';
import { connectionsOf, DEFAULT_IDLE_MS } from './connections-of.ts';
import { given } from './given.ts';
import type { InputName } from './options.ts';
import { type ProbeTarget, parseProbeUrl } from './probe-url.ts';
import { parseInputs, type RawInputs } from './raw-inputs.ts';
import { shownValue } from './shown-value.ts';
import { slowOf } from './slow-of.ts';
import { duration } from './values.ts';

/** The inputs of a run that a probe has as well. */
export const PROBE_INPUTS = [
  'rate',
  'pacing',
  'connection',
  'connections',
  'idle',
  'slow-duration',
  'slow-header',
  'timeout',
  'expect-status',
  'expect-body',
  'expect-json',
  'output',
  'statsd',
] as const satisfies readonly InputName[];

/** A probe that could be made: where to, and how, once for each way of using connections. */
export interface ProbeSettings {
  readonly target: ProbeTarget;
  readonly probes: readonly UrlProbe[];
  /** Hosts that may be probed although they are neither this machine nor in a private network. */
  readonly allowedHosts: readonly string[];
  readonly outputDir: string;
  /** Where metrics of the result are sent, over UDP. */
  readonly statsd?: { readonly host: string; readonly port: number };
}

export const PROBE_DURATION = duration('1s', '24h');
export const DEFAULT_PROBE_DURATION = '10s';

/** More requests than a recording is judged with. */
const MAX_REQUESTS = 5_000_000;

/** One way where nothing is said; a run has two. */
export const DEFAULT_PROBE_CONNECTION: ConnectionMode = 'new';

/** What `rollproof probe` was told, checked. Throws BadInputError with all that is wrong. */
export function loadProbe(
  url: string,
  raw: RawInputs,
  said: { readonly duration?: string | undefined; readonly allowHost?: readonly string[] | undefined },
): ProbeSettings {
  const target = parseProbeUrl(url);
  const { values, problems } = parseInputs(raw);
  const lasts = PROBE_DURATION.schema.safeParse(said.duration ?? DEFAULT_PROBE_DURATION);
  const all: Problem[] = ['code' in target ? [target] : [], problems].flat();
  if (!lasts.success) {
    all.push({
      code: 'RP1006',
      what: `--duration has to be ${PROBE_DURATION.expects}, not ${shownValue(said.duration)}.`,
      where: '--duration',
      remedy: `Correct --duration, or leave it out for ${DEFAULT_PROBE_DURATION}.`,
    });
  }
  const ratePerSecond = values.rate ?? 100;
  if (lasts.success && (ratePerSecond * lasts.data) / 1000 > MAX_REQUESTS) {
    all.push({
      code: 'RP1053',
      what: `${ratePerSecond} requests/s for ${said.duration} are more than the ${MAX_REQUESTS} that one recording can hold.`,
      where: '--duration',
      remedy: `Write --duration ${Math.floor(MAX_REQUESTS / ratePerSecond)}s or less, or a lower --rate.`,
    });
  }
  const modes = values.connection ?? [DEFAULT_PROBE_CONNECTION];
  if (lasts.success && modes.includes('idle-reuse')) {
    all.push(...tooShortToRest(lasts.data, values.idle ?? DEFAULT_IDLE_MS));
  }
  if (all.length > 0 || 'code' in target || !lasts.success) throw new BadInputError(all);
  return {
    target,
    probes: modes.map((connection) => ({
      kind: 'probe',
      name: modes.length === 1 ? target.url : `${target.url}, ${connection}`,
      url: target.url,
      protocol: target.protocol,
      connection,
      ratePerSecond,
      ...given('pacing', values.pacing),
      ...connectionsOf(connection, { ...values, rate: ratePerSecond }),
      ...slowOf(connection, values),
      durationMs: lasts.data,
      expect: {
        ...(values['expect-status'] ?? { statusFrom: 200, statusTo: 399 }),
        ...given('bodyContains', values['expect-body']),
        ...given('json', values['expect-json']),
      },
    })),
    allowedHosts: said.allowHost ?? [],
    outputDir: values.output ?? 'rollproof-report',
    ...given('statsd', values.statsd),
  };
}

/**
 * While none has rested long enough requests open connections, so that a probe of one rest never uses a connection
 * again, and would pass what it did not measure (RP1055).
 */
function tooShortToRest(durationMs: number, idleMs: number): readonly Problem[] {
  const leastMs = 2 * idleMs;
  if (durationMs >= leastMs) return [];
  return [
    {
      code: 'RP1055',
      what: `Connections that rest ${idleMs / 1000} s are hardly used again within ${durationMs / 1000} s.`,
      where: '--duration',
      remedy: `Write --duration ${Math.ceil(leastMs / 1000)}s or more, or a shorter --idle.`,
    },
  ];
}

/** Throws BadInputError (RP1051) where the address is somebody else's and the host was not allowed by name. */
export function refuseForeignHost({ target, allowedHosts }: ProbeSettings, address: string): void {
  if (isPrivateAddress(address) || allowedHosts.includes(target.hostname)) return;
  throw new BadInputError([
    {
      code: 'RP1051',
      what: `${target.hostname} is neither this machine nor in a private network.`,
      where: 'rollproof probe',
      why: `It is ${address}; hundreds of requests per second to somebody else's server are an attack, unless they agreed.`,
      remedy: `Write --allow-host ${target.hostname} where the server is yours.`,
    },
  ]);
}
