import type { ContainerState, ContainerStatus, LifecycleHandler } from 'kubernetes-types/core/v1.js';
import type { Container as ContainerSpec } from '../api/objects.ts';
import type { SandboxClock } from '../clock.ts';
import { type ContainerProcess, startContainerProcess } from './container-process.ts';
import { expanded } from './environment.ts';
import type { ContainerProgram, Resolution } from './image-catalogue.ts';
import { keepProbing, type Probed, portNumber, runExec } from './probes.ts';
import { httpStatus, runSteps } from './run-steps.ts';
import type { ShellStep } from './shell.ts';

/** How long the kubelet and the container runtime take. Milliseconds. */
export interface KubeletTimings {
  /** From an API change to the kubelet's acting on it. */
  readonly reactionMs: number;
  /** Network namespace and address of a new pod. */
  readonly podSetupMs: number;
  /** From the start of a container's creation to its process. */
  readonly containerStartMs: number;
  /** From the last container's end to the end of the pod's address. */
  readonly podTeardownMs: number;
  /** From the end of the pod's address to the end of its object. */
  readonly podRemovalMs: number;
  /** First wait before a container that keeps ending is started again; it doubles up to `maxBackOffMs`. */
  readonly backOffMs: number;
  readonly maxBackOffMs: number;
}

/** What a container needs from its pod. */
export interface ContainerContext {
  readonly clock: SandboxClock;
  readonly timings: KubeletTimings;
  readonly address: string;
  readonly hostname: string;
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never';
  /** Grace period of the pod. */
  readonly graceMs: number;
  resolve(): Resolution;
  env(): Readonly<Record<string, string>>;
  changed(): void;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** The kubelet gives every container at least this long between SIGTERM and SIGKILL. */
const MIN_GRACE_MS = 2_000;

type Ended = NonNullable<ContainerState['terminated']>;

/** One container of a pod: starts it, looks after it, starts it again, and at last stops it. */
export class ContainerRunner {
  readonly spec: ContainerSpec;
  readonly #context: ContainerContext;
  readonly #stopped = new AbortController();
  readonly #finished: Promise<void>;
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } };
  #lastState: ContainerState | undefined;
  #restarts = 0;
  #serial = 0;
  #started = false;
  #ready = false;
  #process: ContainerProcess | undefined;
  /** Ends what looks at the running process: `all` with its end, startup and liveness probes before it is terminated. */
  #probing: { all: AbortController; beforeTermination: AbortController } | undefined;
  #program: ContainerProgram | undefined;
  #lastLog = '';
  #killing: Promise<void> | undefined;

  constructor(spec: ContainerSpec, context: ContainerContext) {
    this.spec = spec;
    this.#context = context;
    this.#finished = this.#live();
  }

  /** Resolves when the container has ended for good. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  get ready(): boolean {
    return this.#ready;
  }

  get started(): boolean {
    return this.#started;
  }

  /** Exit code of an end that nothing follows. */
  get exitCode(): number | undefined {
    return this.#state.terminated?.exitCode;
  }

  log(): string {
    return this.#process?.log() ?? this.#lastLog;
  }

  status(): ContainerStatus {
    const { name, image = '' } = this.spec;
    return {
      name,
      image,
      imageID: this.#program ? `sandbox://${image}` : '',
      ...(this.#serial > 0 && { containerID: `sandbox://${this.#context.hostname}-${name}-${this.#serial}` }),
      ready: this.#ready,
      started: this.#started,
      restartCount: this.#restarts,
      state: this.#state,
      lastState: this.#lastState ?? {},
    };
  }

  /**
   * Stops it for good: preStop within the grace period, SIGTERM, what is left of the grace period but at least 2 s,
   * SIGKILL. Readiness is probed until the process has ended; startup and liveness are not. Resolves when it has ended.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopped.abort();
    this.#probing?.beforeTermination.abort();
    if (this.#process) await this.#kill(graceMs, `Stopping container ${this.spec.name}`);
    await this.#finished;
  }

  /** Ends it without a word, as when the node is switched off. */
  crash(): void {
    this.#stopped.abort();
    this.#probing?.all.abort();
    this.#process?.signal('SIGKILL');
  }

  async #live(): Promise<void> {
    const { clock, timings, restartPolicy } = this.#context;
    let backOffMs = 0;
    // Everything below must come after the constructor, so that `finished` is there.
    await Promise.resolve();
    while (!this.#stopped.signal.aborted) {
      if (!(await this.#pull())) return;
      const ranMs = await this.#runOnce();
      const failed = (this.#state.terminated?.exitCode ?? 0) !== 0;
      if (
        this.#stopped.signal.aborted ||
        restartPolicy === 'Never' ||
        (restartPolicy === 'OnFailure' && !failed)
      )
        return;
      this.#lastState = this.#state;
      if (ranMs > 600_000) backOffMs = 0;
      if (backOffMs > 0) {
        const message = `back-off ${Math.round(backOffMs / 1000)}s restarting failed container=${this.spec.name} pod=${this.#context.hostname}`;
        this.#state = { waiting: { reason: 'CrashLoopBackOff', message } };
        this.#context.event(
          'Warning',
          'BackOff',
          `Back-off restarting failed container ${this.spec.name} in pod ${this.#context.hostname}`,
        );
        this.#context.changed();
        if (!(await clock.sleep(backOffMs, this.#stopped.signal))) {
          this.#state = this.#lastState;
          return;
        }
      }
      backOffMs = backOffMs === 0 ? timings.backOffMs : Math.min(backOffMs * 2, timings.maxBackOffMs);
      this.#restarts += 1;
    }
  }

  /** Resolves true once the image is there; false where the pod ends before. */
  async #pull(): Promise<boolean> {
    const { clock, timings, event, changed } = this.#context;
    const { image = '' } = this.spec;
    for (let backOffMs = timings.backOffMs; ; backOffMs = Math.min(backOffMs * 2, timings.maxBackOffMs)) {
      const resolution = this.#context.resolve();
      if (resolution.kind === 'program') {
        this.#program = resolution.program;
        event('Normal', 'Pulled', `Container image "${image}" already present on machine`);
        return true;
      }
      const message = resolution.kind === 'no-such-image' ? resolution.message : resolution.why;
      event('Normal', 'Pulling', `Pulling image "${image}"`);
      event('Warning', 'Failed', `Failed to pull image "${image}": ${message}`);
      event('Warning', 'Failed', 'Error: ErrImagePull');
      this.#state = { waiting: { reason: 'ErrImagePull', message } };
      changed();
      // As the kubelet does it: the error first, and the back-off once it looks again.
      if (!(await clock.sleep(Math.min(backOffMs, timings.reactionMs + 100), this.#stopped.signal)))
        return false;
      event('Normal', 'BackOff', `Back-off pulling image "${image}"`);
      event('Warning', 'Failed', 'Error: ImagePullBackOff');
      this.#state = {
        waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}": ${message}` },
      };
      changed();
      if (!(await clock.sleep(backOffMs, this.#stopped.signal))) return false;
    }
  }

  /** One life of the process; gives how long it lasted. */
  async #runOnce(): Promise<number> {
    const { clock, timings, event, changed } = this.#context;
    const program = this.#program;
    if (!program || !(await clock.sleep(timings.containerStartMs, this.#stopped.signal))) return 0;
    this.#serial += 1;
    this.#probing = { all: new AbortController(), beforeTermination: new AbortController() };
    event('Normal', 'Created', `Created container: ${this.spec.name}`);
    const { kill, ended, booted } = this.#startProcess(program);
    await booted;
    const startedAt = clock.timestamp();
    const startedMs = clock.monotonicMs();
    event('Normal', 'Started', `Started container ${this.spec.name}`);

    const postStart = this.spec.lifecycle?.postStart;
    if (postStart) {
      const failure = await this.#hook(postStart, {
        timeoutMs: 2 ** 30,
        signal: this.#probing.all.signal,
        kill,
      });
      if (failure) {
        event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${failure}`);
        void this.#kill(0, `FailedPostStartHook`);
      }
    }
    if (this.#process) {
      this.#state = { running: { startedAt } };
      this.#startProbes(kill);
      changed();
    }
    const { exitCode, signal } = await ended;
    this.#lastLog = this.#process?.log() ?? '';
    this.#process = undefined;
    this.#probing.all.abort();
    this.#ready = false;
    this.#started = false;
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    const terminated: Ended = {
      exitCode,
      reason,
      startedAt,
      finishedAt: clock.timestamp(),
      ...(signal !== undefined && { signal }),
    };
    this.#state = { terminated };
    changed();
    await this.#killing;
    return clock.monotonicMs() - startedMs;
  }

  #startProcess(
    program: ContainerProgram,
  ): Pick<ContainerProcess, 'ended' | 'booted'> & { kill(signal: 'SIGTERM' | 'SIGKILL'): void } {
    const { address, hostname, clock } = this.#context;
    const start = () => {
      const ports = (this.spec.ports ?? []).map(({ containerPort }) => containerPort);
      const env = this.#context.env();
      return startContainerProcess({
        args: program.args.map((argument) => expanded(argument, env)),
        address,
        hostname,
        ports,
        env,
      });
    };
    const process =
      program.before.length === 0 ? start() : afterShell(program.before, start, { clock, address });
    this.#process = process;
    return { ended: process.ended, booted: process.booted, kill: (signal) => process.signal(signal) };
  }

  #startProbes(kill: (signal: 'SIGTERM' | 'SIGKILL') => void): void {
    const probing = this.#probing;
    if (!probing) return;
    const { startupProbe, readinessProbe, livenessProbe } = this.spec;
    const delayMs = this.#context.timings.reactionMs;
    const unhealthy = (kind: string) => (message: string) =>
      this.#context.event('Warning', 'Unhealthy', `${kind} probe failed: ${message}`);
    const restart = (kind: string) => {
      probing.beforeTermination.abort();
      const ownSeconds = (kind === 'liveness' ? livenessProbe : startupProbe)?.terminationGracePeriodSeconds;
      void this.#kill(
        ownSeconds === undefined ? this.#context.graceMs : ownSeconds * 1000,
        `Container ${this.spec.name} failed ${kind} probe, will be restarted`,
      );
    };
    const afterStartup = () => {
      this.#started = true;
      if (readinessProbe) {
        const probed = this.#probed(kill, probing.all.signal);
        void keepProbing(readinessProbe, probed, {
          delayMs,
          onOutcome: (ok) => this.#setReady(ok),
          onFailure: unhealthy('Readiness'),
        });
      } else this.#setReady(true);
      if (livenessProbe) {
        const probed = this.#probed(kill, probing.beforeTermination.signal);
        void keepProbing(livenessProbe, probed, {
          delayMs,
          onOutcome: (ok) => !ok && restart('liveness'),
          onFailure: unhealthy('Liveness'),
        });
      }
      this.#context.changed();
    };
    if (!startupProbe) {
      afterStartup();
      return;
    }
    const untilStarted = new AbortController();
    const probed = this.#probed(
      kill,
      AbortSignal.any([probing.beforeTermination.signal, untilStarted.signal]),
    );
    const onOutcome = (ok: boolean) => {
      untilStarted.abort();
      if (ok) afterStartup();
      else restart('startup');
    };
    void keepProbing(startupProbe, probed, { delayMs, onOutcome, onFailure: unhealthy('Startup') });
  }

  #setReady(ready: boolean): void {
    if (this.#ready === ready || !this.#process) return;
    this.#ready = ready;
    this.#context.changed();
  }

  async #kill(graceMs: number, message: string): Promise<void> {
    this.#killing ??= this.#killOnce(graceMs, message).finally(() => {
      this.#killing = undefined;
    });
    return this.#killing;
  }

  async #killOnce(graceMs: number, message: string): Promise<void> {
    const { clock, event } = this.#context;
    const victim = this.#process;
    if (!victim) return;
    event('Normal', 'Killing', message);
    const ended = new AbortController();
    const end = victim.ended.then(() => ended.abort());
    const beganMs = clock.monotonicMs();
    const preStop = this.spec.lifecycle?.preStop;
    if (preStop && graceMs > 0) {
      const kill = (signal: 'SIGTERM' | 'SIGKILL') => victim.signal(signal);
      const failure = await this.#hook(preStop, { timeoutMs: graceMs, signal: ended.signal, kill });
      if (failure) event('Warning', 'FailedPreStopHook', `PreStopHook failed: ${failure}`);
    }
    const leftMs = Math.max(MIN_GRACE_MS, graceMs - (clock.monotonicMs() - beganMs));
    victim.signal('SIGTERM');
    if (await clock.sleep(leftMs, ended.signal)) victim.signal('SIGKILL');
    await end;
  }

  /** Runs a lifecycle hook to its end; gives why it failed. */
  async #hook(
    handler: LifecycleHandler,
    {
      timeoutMs,
      signal,
      kill,
    }: { timeoutMs: number; signal: AbortSignal; kill(signal: 'SIGTERM' | 'SIGKILL'): void },
  ): Promise<string | undefined> {
    const { clock, address } = this.#context;
    if (handler.sleep) {
      await clock.sleep(Math.min(Number(handler.sleep.seconds) * 1000, timeoutMs), signal);
      return undefined;
    }
    if (handler.httpGet) {
      const { host = address, path = '/', port } = handler.httpGet;
      return httpStatus({ address: host, port: portNumber(port, this.spec), path, timeoutMs, signal }).then(
        (status) => (status < 400 ? undefined : `HTTP status ${status}`),
        (error: Error) => (signal.aborted ? undefined : error.message),
      );
    }
    const result = await runExec(handler.exec?.command ?? [], {
      probed: this.#probed(kill, signal),
      timeoutMs,
    });
    return result && !result.ok ? result.message : undefined;
  }

  #probed(kill: (signal: 'SIGTERM' | 'SIGKILL') => void, signal: AbortSignal): Probed {
    const { clock, address } = this.#context;
    return { clock, address, signal, kill, container: this.spec, hasShell: this.#program?.hasShell ?? false };
  }
}

/** A start command that does something first: until then a shell is process 1, which does not hear SIGTERM. */
function afterShell(
  steps: readonly ShellStep[],
  start: () => ContainerProcess,
  { clock, address }: { readonly clock: SandboxClock; readonly address: string },
): ContainerProcess {
  const shell = new AbortController();
  let main: ContainerProcess | undefined;
  const signal = (name: 'SIGTERM' | 'SIGKILL') => {
    if (main) main.signal(name);
    else if (name === 'SIGKILL') shell.abort();
  };
  const ended = runSteps(steps, { clock, signal: shell.signal, address, kill: signal }).then((code) => {
    if (code === undefined) return { exitCode: 137, signal: 9 };
    main = start();
    return main.ended;
  });
  return { booted: Promise.resolve(), ended, signal, log: () => main?.log() ?? '' };
}
