import type { SuggestedDiff, Suggestion } from '../../../model/finding.ts';
import type { SourcePlace } from '../../../model/manifest.ts';
import type { ManifestPatch } from '../../../model/manifest-patch.ts';
import { isRecord, type PlainRecord } from '../../../model/plain-data.ts';
import type { TemplateFact } from '../../../model/recording.ts';
import { type Story, servingContainer } from '../story.ts';

/** A change below one node of the user's manifests. */
export interface Edit {
  /** Which node the fields belong to. */
  readonly at: 'container' | 'pod-spec' | 'deployment-spec' | 'service-spec';
  /** `null` takes a field away: what a hook was before, say. */
  readonly fields: PlainRecord;
  readonly diff?: SuggestedDiff;
}

/** A sentence and the changes that it speaks of, for people and for programs. */
export function suggestionOf(
  text: string,
  edits: readonly Edit[],
  { header }: Story,
  template: TemplateFact,
): Suggestion {
  const diffs = edits.flatMap(({ diff }) => (diff ? [diff] : []));
  const [diff, ...furtherDiffs] = diffs;
  // Half of a change is worse than none: it is a diff only where every part of it has its place.
  const placed = diffs.length === edits.length;
  const { deployment, service } = header.scenario;
  return {
    text,
    yaml: edits.flatMap(({ fields }) => yamlLines(fields)),
    ...(placed && diff && { diff }),
    ...(placed && furtherDiffs.length > 0 && { furtherDiffs }),
    patches: edits.map((edit) => patchOf(edit, { deployment, service }, template)),
  };
}

function patchOf(
  { at, fields }: Edit,
  { deployment, service }: { readonly deployment: string; readonly service: string },
  template: TemplateFact,
): ManifestPatch {
  if (at === 'service-spec') return { kind: 'Service', name: service, fields: { spec: fields } };
  const container = { name: servingContainer(template)?.name, ...fields };
  const podSpec = at === 'container' ? { containers: [container] } : fields;
  const spec = at === 'deployment-spec' ? fields : { template: { spec: podSpec } };
  return { kind: 'Deployment', name: deployment, fields: { spec } };
}

/** Maps of maps and scalars as YAML; what is taken away is no line. */
function yamlLines(fields: PlainRecord): readonly string[] {
  return Object.entries(fields).flatMap(([key, value]) => {
    if (value === null) return [];
    if (isRecord(value)) return [`${key}:`, ...yamlLines(value).map((line) => `  ${line}`)];
    return [`${key}: ${scalar(value)}`];
  });
}

function scalar(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z][\w-]*$/.test(value)
    ? value
    : JSON.stringify(value).replaceAll(',', ', ');
}

/** Lines that go behind the first line of a container, in line with its keys. */
export function insertedDiff(place: SourcePlace | undefined, fields: PlainRecord): Pick<Edit, 'diff'> {
  return place ? { diff: { place, lines: added(fields, place.column - 1) } } : {};
}

/** Lines that go behind a key, two columns further in. */
export function nestedDiff(place: SourcePlace | undefined, fields: PlainRecord): Pick<Edit, 'diff'> {
  return place ? { diff: { place, lines: added(fields, place.column + 1) } } : {};
}

/** One line instead of another. */
export function replacedDiff(place: SourcePlace, old: string, fields: PlainRecord): Pick<Edit, 'diff'> {
  return replacedBlock(place, [`${' '.repeat(place.column - 1)}${old}`], fields);
}

/** Lines instead of those that are there; nothing where these are not known. */
export function replacedBlock(
  place: SourcePlace | undefined,
  old: readonly string[] | undefined,
  fields: PlainRecord,
): Pick<Edit, 'diff'> {
  if (!place || !old) return {};
  return { diff: { place, lines: [...old.map((line) => `-${line}`), ...added(fields, place.column - 1)] } };
}

function added(fields: PlainRecord, columns: number): readonly string[] {
  return yamlLines(fields).map((line) => `+${' '.repeat(columns)}${line}`);
}
