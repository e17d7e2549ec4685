import type { Problem } from '../model/problem.ts';
import type { Expectation, Protocol } from '../model/scenario.ts';
import type { ScenarioSettings } from '../model/settings.ts';
import type { Findings } from './findings.ts';

/** Protocols whose answers have a body that can be JSON. */
const WITH_BODY: ReadonlySet<Protocol> = new Set(['http', 'https', 'h2']);

/** Why bodies of a protocol cannot be looked into; undefined where they can, or where nobody does. */
export function withoutBody(who: string, protocol: Protocol, expect: Expectation): Problem | undefined {
  if (!(expect.json ?? expect.sequence) || WITH_BODY.has(protocol)) return undefined;
  return {
    code: 'RP1125',
    what: `${who} looks into bodies, and ${protocol} has none.`,
    where: expect.json ? 'expect-json' : 'expect-sequence',
    remedy: `Remove it, or choose a protocol of ${[...WITH_BODY].join(', ')}.`,
  };
}

/** Checks of bodies that cannot work with the rest of the scenario. */
export function checkBody({ name, protocol, update, expect }: ScenarioSettings, findings: Findings): void {
  const scenario = `Scenario ${JSON.stringify(name)}`;
  const bodiless = withoutBody(scenario, protocol, expect);
  if (bodiless) findings.problem(bodiless);
  if ((update.kind === 'sequence') === (expect.sequence !== undefined)) return;
  findings.problem({
    code: 'RP1126',
    what: `${scenario} has ${expect.sequence ? 'expect-sequence without update: sequence' : 'update: sequence without expect-sequence'}.`,
    where: expect.sequence ? 'expect-sequence' : 'update',
    why: 'The update writes the number into the pods, and expect-sequence says where answers carry it.',
    remedy: expect.sequence
      ? 'Write update: sequence:<name of an environment variable>.'
      : 'Write expect-sequence: body, or a JSON path such as $.version.',
  });
}
