/** Where a value stands in the user's files. Lines and columns start at 1. */
export interface SourcePlace {
  /** Path as the user would write it, relative to the working directory; `<stdin>` for standard input. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A field's path within an object or a document: `['spec', 'template', 'spec', 'containers', 0, 'image']`. */
export type FieldPath = readonly (string | number)[];

/** One Kubernetes object of the user's, with the places of its fields. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** As written in the manifest; absent where the manifest leaves it open. */
  readonly namespace?: string;
  /** The whole object as plain JSON data, as parsed. */
  readonly content: Readonly<Record<string, unknown>>;
  readonly place: SourcePlace;
  /**
   * Place of a field, or of the nearest ancestor that exists. Objects that a tool rendered (kustomize) answer with the place of the kustomization file.
   */
  placeOf(path: FieldPath): SourcePlace;
  /** The lines of a key with everything in it; undefined where it has no lines of its own (JSON, flow, rendered). */
  linesOf?(path: FieldPath): readonly string[] | undefined;
}

/** `k8s/web.yaml:12:3` */
export function placeText({ file, line, column }: SourcePlace): string {
  return `${file}:${line}:${column}`;
}
