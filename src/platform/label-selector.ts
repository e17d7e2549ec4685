import type { KubeDeployment } from './kube-objects.ts';

/** Writes a label selector as the `labelSelector` query parameter of a LIST. */
export function labelSelector({
  matchLabels = {},
  matchExpressions = [],
}: KubeDeployment['spec']['selector']): string {
  const equalities = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
        return `${key} in (${values.join(',')})`;
      case 'NotIn':
        return `${key} notin (${values.join(',')})`;
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
      default:
        throw new Error(`unknown label selector operator ${operator}`);
    }
  });
  return [...equalities, ...expressions].join(',');
}
