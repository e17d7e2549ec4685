import type { ConnectionFact, Probe, Strays } from '../../src/model/recording.ts';
import { classify } from '../../src/verdict/classify.ts';

/** What the verdict makes of a probe by itself: `ok`, `unsent`, or the class of its end. */
export function told(probe: Probe): string {
  const end = classify(
    probe,
    { statusFrom: 200, statusTo: 299 },
    { staleSourcePort: false, proberSlept: false, packetsLost: false, mayCarry: 'either' },
  );
  return 'class' in end ? end.class : end.end;
}

/** How connections ended, in the order in which they did. */
export function hows(facts: readonly (ConnectionFact | Strays)[]): readonly string[] {
  return facts.flatMap((fact) => (fact.kind === 'connection' ? [fact.how] : []));
}
