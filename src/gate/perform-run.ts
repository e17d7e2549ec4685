import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterProvider } from '../cluster/cluster-provider.ts';
import { existingProvider } from '../cluster/existing/existing-provider.ts';
import { kindProvider } from '../cluster/kind/kind-provider.ts';
import { sandboxProvider } from '../cluster/sandbox/sandbox-provider.ts';
import { placeText } from '../model/manifest.ts';
import type { Plan } from '../model/plan.ts';
import type { Installation } from '../platform/installation.ts';
import type { Progress } from './progress.ts';
import { renderReports } from './render-reports.ts';
import { type GateOutcome, runGate } from './run-gate.ts';

export interface RunSurroundings {
  readonly installation: Installation;
  /** Folder for temporary files; absent: the system's. */
  readonly tempDir?: string | undefined;
  readonly workingDirectory: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Told a kind cluster's name immediately before it is created. */
  onCreating?(name: string): void;
}

export interface Performed extends GateOutcome {
  readonly files: ReadonlyMap<string, string>;
}

/** Carries a plan out and renders its reports; writing and publishing them is the face's business. */
export async function performRun(plan: Plan, surroundings: RunSurroundings): Promise<Performed> {
  const { installation, progress, signal, workingDirectory, onCreating } = surroundings;
  for (const assumed of plan.assumed) progress.line(`assumed: ${assumed}`);
  for (const warning of plan.warnings) progress.warning(warning);
  for (const line of staticLines(plan)) progress.line(line);
  for (const line of roundLines(plan)) progress.line(line);
  const workDir = await mkdtemp(join(surroundings.tempDir ?? tmpdir(), 'rollproof-'));
  try {
    const outcome = await runGate({
      plan,
      provider: providerFor(plan, installation),
      proberProgram: installation.proberProgram,
      workDir,
      workingDirectory,
      version: installation.version,
      progress,
      signal,
      ...(onCreating ? { onCreating } : {}),
    });
    return { ...outcome, files: renderReports(outcome.result, outcome.recordings) };
  } finally {
    // A cluster that is kept is reached through the kubeconfig in there.
    if (!plan.cluster.keep) await rm(workDir, { recursive: true, force: true });
  }
}

/** What the manifests alone show, once each, before anything is booted. */
function staticLines({ scenarios }: Plan): readonly string[] {
  const lines = scenarios.flatMap(({ staticFindings = [] }) =>
    staticFindings.map(
      ({ severity, cause, place, text }) => `check: ${placeText(place)}: ${severity} ${cause}: ${text}`,
    ),
  );
  return [...new Set(lines)];
}

/** Which scenarios run at the same time, and why others do not; where it was asked for. */
function roundLines({ rounds = [], scenarios }: Plan): readonly string[] {
  return rounds.map((round) => {
    const names = round.scenarios.map((at) => scenarios[at]?.scenario.name ?? '').join(' | ');
    return round.alone === undefined ? `together: ${names}` : `alone: ${names} (${round.alone})`;
  });
}

function providerFor({ cluster }: Plan, { kindConfigsDir, reaperProgram }: Installation): ClusterProvider {
  switch (cluster.provider) {
    case 'kind':
      return kindProvider({ kindConfigsDir, reaperProgram });
    case 'existing':
      return existingProvider();
    case 'sandbox':
      return sandboxProvider();
  }
}
