import type { ClusterApi } from './api/cluster-api.ts';
import type { KubeObject } from './api/objects.ts';
import { EVENTS, NAMESPACES } from './api/resources.ts';
import type { SandboxClock } from './clock.ts';
import { isJsonObject } from './json.ts';

/** What happened to an object. */
export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/**
 * Records Kubernetes Events. The same thing happening again to the same object counts up the Event there is. A
 * namespace that is going takes no more Events.
 */
export function eventRecorder(
  api: ClusterApi,
  clock: SandboxClock,
): (component: string, about: KubeObject, event: EventText) => void {
  const known = new Map<string, string>();
  return (component, about, { type, reason, message }) => {
    const { namespace, name, uid, resourceVersion } = about.metadata;
    const home = namespace || 'default';
    const place = api.find(NAMESPACES, '', home);
    if (!place || place.metadata.deletionTimestamp) return;
    const key = `${component} ${uid} ${reason} ${message}`;
    const now = clock.timestamp();
    const again = api.update({ resource: EVENTS, namespace: home, name: known.get(key) ?? '' }, (draft) => {
      draft.count = (draft.count ?? 1) + 1;
      draft.lastTimestamp = now;
    });
    if (again) return;
    const body: unknown = {
      metadata: { generateName: `${name}.` },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        namespace,
        name,
        uid,
        resourceVersion,
      },
      type,
      reason,
      message,
      source: { component },
      reportingComponent: component,
      reportingInstance: component,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    const created = api.create(EVENTS, home, isJsonObject(body) ? body : {}, { manager: component });
    known.set(key, created.metadata.name);
  };
}
