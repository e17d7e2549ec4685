import { connect } from 'node:net';
import type { Container, Probe } from '../api/objects.ts';
import { portOnHost } from '../network/port-on-host.ts';
import { httpStatus, runSteps, type StepContext } from './run-steps.ts';
import { parseCommand } from './shell.ts';

/** What one look at a container came to; undefined where it was cut short. */
export type ProbeResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string }
  | undefined;

/** A container as a probe sees it. */
export interface Probed extends StepContext {
  readonly container: Container;
  readonly hasShell: boolean;
}

/** Looks once, within the probe's timeout. */
export async function probeOnce(probe: Probe, probed: Probed): Promise<ProbeResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const { address, container, signal } = probed;
  if (probe.httpGet) {
    const { path = '/', host = address, httpHeaders = [] } = probe.httpGet;
    const port = portNumber(probe.httpGet.port, container);
    const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
    const url = `http://${host}:${port}${path}`;
    try {
      const status = await httpStatus({ address: host, port, path, headers, timeoutMs, signal });
      return status >= 200 && status < 400
        ? { ok: true }
        : { ok: false, message: `HTTP probe failed with statuscode: ${status}` };
    } catch (error) {
      return signal.aborted
        ? undefined
        : { ok: false, message: `Get "${url}": ${error instanceof Error ? error.message : String(error)}` };
    }
  }
  if (probe.tcpSocket) {
    const to = {
      address: probe.tcpSocket.host ?? address,
      port: portNumber(probe.tcpSocket.port, container),
    };
    const error = await tcpError(to, timeoutMs);
    if (signal.aborted) return undefined;
    return error === undefined
      ? { ok: true }
      : { ok: false, message: `dial tcp ${to.address}:${to.port}: ${error}` };
  }
  return runExec(probe.exec?.command ?? [], { probed, timeoutMs });
}

/** What is told of a probe that is repeated. */
export interface ProbeListener {
  /** Until the first look, beyond the probe's own initial delay. */
  readonly delayMs: number;
  /** The thresholds are met, one way or the other. */
  onOutcome(ok: boolean): void;
  /** One look failed. */
  onFailure(message: string): void;
}

/** Looks again and again, as the probe asks; calls back whenever the outcome, by the thresholds, is known. */
export async function keepProbing(
  probe: Probe,
  probed: Probed,
  { delayMs, onOutcome, onFailure }: ProbeListener,
): Promise<void> {
  const { clock, signal } = probed;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  let dueMs = clock.monotonicMs() + delayMs + (probe.initialDelaySeconds ?? 0) * 1000;
  let run = { ok: true, length: 0 };
  while (await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), signal)) {
    dueMs += periodMs;
    const result = await probeOnce(probe, probed);
    if (!result) return;
    run = run.ok === result.ok ? { ok: run.ok, length: run.length + 1 } : { ok: result.ok, length: 1 };
    if (!result.ok) onFailure(result.message);
    const threshold = result.ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (run.length >= threshold) onOutcome(result.ok);
  }
}

/** The number of a container port given by name or number. */
export function portNumber(port: number | string, { ports = [] }: Container): number {
  if (typeof port === 'number') return port;
  return ports.find(({ name }) => name === port)?.containerPort ?? Number(port);
}

/** Runs a command in a container, as hooks and exec probes do. */
export async function runExec(
  argv: readonly string[],
  { probed, timeoutMs }: { readonly probed: Probed; readonly timeoutMs: number },
): Promise<ProbeResult> {
  if (!probed.hasShell)
    return { ok: false, message: `exec: "${argv[0]}": executable file not found in $PATH` };
  const limit = new AbortController();
  const cancel = probed.clock.after(timeoutMs, () => limit.abort());
  const code = await runSteps(parseCommand(argv) ?? [], {
    ...probed,
    signal: AbortSignal.any([probed.signal, limit.signal]),
  });
  cancel();
  if (probed.signal.aborted) return undefined;
  if (code === undefined) return { ok: false, message: `command timed out after ${timeoutMs / 1000}s` };
  return code === 0
    ? { ok: true }
    : { ok: false, message: `command ${JSON.stringify(argv)} exited with ${code}` };
}

/** What keeps a TCP connection from being made; undefined where nothing does. */
function tcpError(
  { address, port }: { readonly address: string; readonly port: number },
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: portOnHost(port), timeout: timeoutMs });
    const end = (error: string | undefined) => {
      socket.destroy();
      resolve(error);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end('i/o timeout'));
    socket.once('error', (error) => end(error.message));
  });
}
