import type { ScenarioResult } from '../model/verdict.ts';
import { codeSpan, prose } from './markdown.ts';

/** What went well by little, as items of a list, each with what to do. */
export function nearMissLines({ name, nearMisses }: ScenarioResult): readonly string[] {
  return nearMisses.map(
    ({ text, remedy, code }) =>
      `- ⚠️ ${codeSpan(name)}: **Near miss:** ${prose(text)} **→** ${prose(remedy)} <sub>${prose(code)}</sub>`,
  );
}
