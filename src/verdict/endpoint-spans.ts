import type { EndpointsFact } from '../model/recording.ts';

export type Endpoint = EndpointsFact['endpoints'][number] & {
  /** Its pod does not have the probed port: nodes send it nothing, whatever its conditions say. */
  readonly withoutPort?: true;
};

/** All endpoints of the Service from an instant until the next span begins. */
export interface EndpointSpan {
  readonly fromMs: number;
  readonly endpoints: readonly Endpoint[];
}

/**
 * The times between changes of the EndpointSlices, each with the endpoints of all slices together. `port` is the name
 * of the probed port, where it is known: endpoints that do not have it count as not ready.
 */
export function endpointSpans(facts: readonly EndpointsFact[], port?: string): readonly EndpointSpan[] {
  const slices = new Map<string, EndpointsFact>();
  return facts.map((fact) => {
    if (fact.change === 'deleted') slices.delete(fact.slice);
    else slices.set(fact.slice, fact);
    return {
      fromMs: fact.atMs,
      endpoints: [...slices.values()].flatMap((slice) => endpointsOf(slice, port)),
    };
  });
}

function endpointsOf({ endpoints, ports }: EndpointsFact, port: string | undefined): readonly Endpoint[] {
  if (port === undefined || ports === undefined || ports.includes(port)) return endpoints;
  return endpoints.map((endpoint) => ({ ...endpoint, ready: false, withoutPort: true }));
}
