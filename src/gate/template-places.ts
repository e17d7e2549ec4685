import type { ManifestObject, SourcePlace } from '../model/manifest.ts';
import type { PlannedScenario } from '../model/plan.ts';
import type { TemplateFact, TemplatePlaces } from '../model/recording.ts';

/**
 * The template with the places of its fields in the user's files, so that a report can say which line to change: in
 * the state that is the update where there is one, because that is what comes next.
 */
export function withPlaces(
  template: TemplateFact,
  { scenario, objects, updatedObjects = objects }: PlannedScenario,
): TemplateFact {
  const deployment = updatedObjects.find(
    ({ kind, name }) => kind === 'Deployment' && name === scenario.deployment,
  );
  const name = template.serving ?? template.containers[0]?.name;
  const hook = template.containers.find((container) => container.name === name)?.preStop;
  const places = deployment && placesIn(deployment, name, hook?.seconds !== undefined);
  return places ? { ...template, places } : template;
}

type Path = readonly (string | number)[];

const POD_SPEC: Path = ['spec', 'template', 'spec'];

/** `sleeps`: the hook is known to do nothing but sleep, so that its lines hold no secret. */
function placesIn(
  deployment: ManifestObject,
  container: string | undefined,
  sleeps: boolean,
): TemplatePlaces | undefined {
  const containers = valueAt(deployment, [...POD_SPEC, 'containers']);
  const index = Array.isArray(containers) ? containers.findIndex((one) => one?.name === container) : -1;
  const path: Path = [...POD_SPEC, 'containers', index];
  const [podSpec, own] = [deployment.placeOf(POD_SPEC), deployment.placeOf(path)];
  // What a tool rendered has one place for everything, and no line to change. Flow style has no lines to insert.
  if (index < 0 || own.line === podSpec.line) return undefined;
  const place = (field: Path): SourcePlace | undefined =>
    valueAt(deployment, field) === undefined ? undefined : deployment.placeOf(field);
  const linesOf = (name: 'preStopLines' | 'strategyLines', field: Path) => {
    const lines = deployment.linesOf?.(field);
    return lines && { [name]: lines };
  };
  const lifecycle = place([...path, 'lifecycle']);
  const preStop = place([...path, 'lifecycle', 'preStop']);
  const gracePeriod = place([...POD_SPEC, 'terminationGracePeriodSeconds']);
  const strategy = place(['spec', 'strategy']);
  return {
    container: own,
    podSpec,
    spec: deployment.placeOf(['spec']),
    ...(lifecycle && { lifecycle }),
    ...(preStop && { preStop }),
    ...(preStop && sleeps && linesOf('preStopLines', [...path, 'lifecycle', 'preStop'])),
    ...(gracePeriod && { gracePeriod }),
    ...(strategy && { strategy, ...linesOf('strategyLines', ['spec', 'strategy']) }),
  };
}

function valueAt({ content }: ManifestObject, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    return Object.getOwnPropertyDescriptor(value, key)?.value;
  }, content);
}
