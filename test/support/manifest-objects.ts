import type { ManifestObject } from '../../src/model/manifest.ts';

/** An object as if read from `app.yaml`; the line of a field is 10 plus the depth of its path. */
export function manifestObject(content: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}): ManifestObject {
  const { apiVersion, kind, metadata } = content;
  const place = { file: 'app.yaml', line: 10, column: 1 };
  return {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    content,
    place,
    placeOf: (path) => ({ ...place, line: place.line + path.length }),
  };
}
