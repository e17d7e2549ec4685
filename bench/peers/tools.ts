// The load generators, each as the command line that sends what is wanted and the reading of what it says about it.
// What they say counts for one thing only: how many failures they report. All else is the meter's.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Connection = 'new' | 'keep-alive';

export interface Load {
  readonly url: string;
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly connection: Connection;
}

/** What a tool says of its own run. */
export interface Report {
  /** Requests that it reports as failed. */
  readonly failed: number;
  /** Requests that it planned and did not send, where it says so. */
  readonly unsent: number;
  /** When the process that sends was started, where another one starts it: milliseconds of the monotonic clock. */
  readonly startedMs?: number;
}

export interface Tool {
  readonly name: string;
  /** A shell command; undefined where the tool cannot send such a load. */
  command(load: Load): string | undefined;
  report(output: string): Report;
  /** Keeps a rate by itself, so that it can be compared with a schedule. */
  readonly keepsRate: boolean;
}

/** All tools, with their programs in `bin`, which has to hold what is not on the PATH. */
export function toolsOf(bin: string, folder: string): readonly Tool[] {
  const node = process.execPath;
  const here = import.meta.dirname;
  const k6Script = join(folder, 'load.js');
  writeFileSync(k6Script, K6_SCRIPT);
  return [
    rollproof('rollproof', ''),
    rollproof('rollproof precise', 'pacing=precise'),
    {
      name: 'vegeta',
      keepsRate: true,
      command: ({ url, ratePerSecond, seconds, connection }) =>
        `echo 'GET ${url}' | '${bin}/vegeta' attack -rate=${ratePerSecond}/s -duration=${seconds}s -keepalive=${connection === 'keep-alive'} -timeout=1s -max-workers=20000 | '${bin}/vegeta' report -type=json`,
      report(output) {
        const { requests, success } = JSON.parse(output);
        return { failed: Math.round(requests * (1 - success)), unsent: 0 };
      },
    },
    {
      name: 'k6',
      keepsRate: true,
      command: ({ url, ratePerSecond, seconds, connection }) =>
        `URL='${url}' RATE=${ratePerSecond} SECONDS_LONG=${seconds} CLOSE=${connection === 'new'} K6_NO_USAGE_REPORT=true '${bin}/k6' run --quiet --no-color '${k6Script}' 2>/dev/null`,
      report(output) {
        const { http_req_failed: failed, dropped_iterations: dropped } = JSON.parse(output);
        return { failed: failed?.values.passes ?? 0, unsent: dropped?.values.count ?? 0 };
      },
    },
    {
      name: 'oha',
      keepsRate: true,
      command: ({ url, ratePerSecond, seconds, connection }) =>
        // A number of requests, not a time: at its end it would abort what is in flight.
        `'${bin}/oha' --no-tui --output-format json -q ${ratePerSecond} -n ${Math.round(ratePerSecond * seconds)} -c 256 -t 1s --latency-correction ${connection === 'new' ? '--disable-keepalive' : ''} '${url}'`,
      report(output) {
        const { errorDistribution = {} } = JSON.parse(output);
        const failed = Object.values(errorDistribution).reduce(
          (sum: number, count) => sum + Number(count),
          0,
        );
        return { failed, unsent: 0 };
      },
    },
    {
      name: 'autocannon',
      keepsRate: true,
      command: ({ url, ratePerSecond, seconds, connection }) =>
        connection === 'new'
          ? undefined
          : `'${node}' '${bin}/node_modules/autocannon/autocannon.js' --json -R ${ratePerSecond} -c 64 -d ${seconds} -t 1 '${url}' 2>/dev/null`,
      report(output) {
        const { errors, resets = 0 } = JSON.parse(output);
        return { failed: Math.max(errors, resets), unsent: 0 };
      },
    },
    {
      name: 'wrk',
      keepsRate: false,
      command: ({ url, seconds, connection }) =>
        connection === 'new' ? undefined : `'${bin}/wrk' -t1 -c32 -d${seconds}s '${url}'`,
      report(output) {
        const [, connect = 0, read = 0, write = 0, timeout = 0] =
          /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? [];
        return {
          failed: [connect, read, write, timeout].reduce((sum: number, n) => sum + Number(n), 0),
          unsent: 0,
        };
      },
    },
    {
      name: 'serial',
      keepsRate: false,
      command: ({ url, seconds, connection }) =>
        `'${node}' '${join(here, 'serial.ts')}' '${url}' ${seconds} ${connection}`,
      report: (output) => JSON.parse(output),
    },
  ];

  function rollproof(name: string, flags: string): Tool {
    return {
      name,
      keepsRate: true,
      command: ({ url, ratePerSecond, seconds, connection }) =>
        `'${node}' '${join(here, 'rollproof.ts')}' '${url}' ${ratePerSecond} ${seconds} ${connection} ${flags}`,
      report: (output) => JSON.parse(output),
    };
  }
}

const K6_SCRIPT = `import http from 'k6/http';
const rate = Number(__ENV.RATE);
export const options = {
  discardResponseBodies: true,
  noConnectionReuse: __ENV.CLOSE === 'true',
  scenarios: {
    load: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: __ENV.SECONDS_LONG + 's',
      preAllocatedVUs: Math.min(2000, Math.max(50, Math.ceil(rate / 5))),
      maxVUs: 2000,
    },
  },
};
export default () => {
  http.get(__ENV.URL, { timeout: '1s' });
};
export const handleSummary = (data) => ({ stdout: JSON.stringify(data.metrics) });
`;
