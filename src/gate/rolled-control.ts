import type { Cluster } from '../cluster/cluster-provider.ts';
import type { ManifestObject, SourcePlace } from '../model/manifest.ts';
import type { PlannedScenario } from '../model/plan.ts';
import { ROLLED_CONTROL_NAME, rolledControlManifests } from '../workload/rolled-control-manifests.ts';
import { STEADY_CONTROL_PORT } from '../workload/steady-control-manifests.ts';

/** What ends pods of the rolled control later than any node takes that keeps up: kube-proxy's pace is a second. */
const LINGER_MS = 10_000;

/** There is no file that it comes from. */
const NOWHERE: SourcePlace = { file: '<rolled control>', line: 1, column: 1 };

/**
 * The scenario with a known-good app in the place of the user's: the same cluster, nodes, way in and rate, and an update
 * that replaces every pod of it. Undefined where the way in has room for one app only (a host port).
 */
export function rolledControlScenario(
  { scenario }: PlannedScenario,
  cluster: Pick<Cluster, 'coreDnsImage' | 'environment'>,
  proberImage: string,
): PlannedScenario | undefined {
  if (scenario.target === 'host-port') return undefined;
  const delayMs = cluster.environment.amplified?.propagationDelayMs ?? 0;
  const manifests = rolledControlManifests({
    target: scenario.target,
    coreDnsImage: cluster.coreDnsImage,
    proberImage,
    lingerSeconds: Math.ceil((LINGER_MS + delayMs) / 1000),
  });
  const { idleMs: _, slow: __, ...rest } = scenario;
  return {
    repeat: 1,
    objects: manifests.map(
      ({ apiVersion, kind, metadata, ...content }): ManifestObject => ({
        apiVersion,
        kind,
        name: metadata.name,
        content: { apiVersion, kind, metadata, ...content },
        place: NOWHERE,
        placeOf: () => NOWHERE,
      }),
    ),
    scenario: {
      ...rest,
      deployment: ROLLED_CONTROL_NAME,
      service: ROLLED_CONTROL_NAME,
      servicePort: STEADY_CONTROL_PORT,
      path: '/health',
      protocol: 'http',
      // What lives on connections that are kept has to close them in turn: an app that is good at that is nobody's twin.
      connection: 'new',
      update: { kind: 'restart' },
      expect: { statusFrom: 200, statusTo: 299 },
    },
  };
}
