import { loadSettings } from '../inputs/load-settings.ts';
import { readScenarioManifests } from '../inputs/manifests/read-scenario-manifests.ts';
import type { RawInputs } from '../inputs/raw-inputs.ts';
import type { Plan } from '../model/plan.ts';
import { makePlan } from '../plan/make-plan.ts';
import { readEventPayload } from '../platform/github-event.ts';
import { machineLimits } from '../platform/machine-limits.ts';
import { withStaticFindings } from './check-plan.ts';

/** What a run is started with. */
export interface RunRequest {
  readonly inputs: RawInputs;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly signal: AbortSignal;
}

/**
 * Decides everything that can be decided before a cluster is booted. Throws BadInputError with all that is wrong in
 * inputs, config file and manifests.
 */
export async function preparePlan({ inputs, environment, stdin, signal }: RunRequest): Promise<Plan> {
  const payload = await readEventPayload(environment.GITHUB_EVENT_PATH);
  const name = environment.GITHUB_EVENT_NAME;
  const workspace = environment.GITHUB_WORKSPACE || undefined;
  const { settings, places } = await loadSettings(inputs, {
    workspace,
    event: name ? { name, payload, runnerEnvironment: environment.RUNNER_ENVIRONMENT } : undefined,
  });
  const manifests = await readScenarioManifests(settings.scenarios, {
    workspace,
    base: { eventPayload: payload, baseBranch: environment.GITHUB_BASE_REF || undefined },
    stdin,
    signal,
  });
  return withStaticFindings(makePlan(settings, manifests, await machineLimits(), places));
}
