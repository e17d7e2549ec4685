/** The image references in every `containers` and `initContainers` list of an object, wherever the list stands. */
export function imagesIn(object: unknown): readonly string[] {
  if (Array.isArray(object)) return object.flatMap(imagesIn);
  if (typeof object !== 'object' || object === null) return [];
  return Object.entries(object).flatMap(([key, value]) =>
    (key === 'containers' || key === 'initContainers') && Array.isArray(value)
      ? value.flatMap((container) => (typeof container?.image === 'string' ? [container.image] : []))
      : imagesIn(value),
  );
}
