import type { EndpointsFact } from '../model/recording.ts';

export type Endpoint = EndpointsFact['endpoints'][number];

/** All endpoints of the Service from an instant until the next span begins. */
export interface EndpointSpan {
  readonly fromMs: number;
  readonly endpoints: readonly Endpoint[];
}

/** The times between changes of the EndpointSlices, each with the endpoints of all slices together. */
export function endpointSpans(facts: readonly EndpointsFact[]): readonly EndpointSpan[] {
  const slices = new Map<string, EndpointsFact>();
  return facts.map((fact) => {
    if (fact.change === 'deleted') slices.delete(fact.slice);
    else slices.set(fact.slice, fact);
    return { fromMs: fact.atMs, endpoints: [...slices.values()].flatMap(({ endpoints }) => endpoints) };
  });
}
