import { listOf, property } from '../model/plain-data.ts';
import type { PlannedScenario } from '../model/plan.ts';
import { sequenceOfRun } from '../model/sequence.ts';
import { patchedScenario } from './patched-scenario.ts';

/**
 * The scenario with the numbers of its run, where its update is a sequence: the old one is in the manifests, the new one
 * in the update, and both are what answers may carry. Other scenarios stay as they are.
 */
export function numberedScenario(planned: PlannedScenario, run: number): PlannedScenario {
  const { scenario, objects } = planned;
  const { update, expect, deployment } = scenario;
  if (update.kind !== 'sequence') return planned;
  const numbers = sequenceOfRun(run);
  const content = objects.find(({ kind, name }) => kind === 'Deployment' && name === deployment)?.content;
  const containers = property(content, 'spec', 'template', 'spec', 'containers');
  const fields = listOf(containers).map((container) => ({
    name: property(container, 'name'),
    env: withVariable(property(container, 'env'), update.name, String(numbers.from)),
  }));
  const patch = {
    kind: 'Deployment',
    name: deployment,
    fields: { spec: { template: { spec: { containers: fields } } } },
  } as const;
  return {
    ...(patchedScenario(planned, [patch]) ?? planned),
    scenario: {
      ...scenario,
      update: { ...update, ...numbers },
      expect: expect.sequence ? { ...expect, sequence: { ...expect.sequence, ...numbers } } : expect,
    },
  };
}

/** First of all variables, so that the others and the arguments may refer to it: `$(NAME)`. */
function withVariable(environment: unknown, name: string, value: string): readonly unknown[] {
  const others = listOf(environment).filter((variable) => property(variable, 'name') !== name);
  return [{ name, value }, ...others];
}
