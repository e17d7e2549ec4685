/**
 * How often a proxy on the way tried, by a field of its answer; undefined where the field tells nothing of that kind.
 *
 *  - `x-envoy-attempt-count`: Envoy's, and so that of most meshes and gateways, where it is asked for
 *    (`include_attempt_count_in_response`)
 *  - `x-upstream-addr`, `x-upstream-status`: what nginx is commonly made to send of its variables `$upstream_addr` and
 *    `$upstream_status`, in which each attempt adds an item, after a comma
 *
 * `name` is in lower case.
 */
export function proxyAttempts(name: string, value: string): number | undefined {
  switch (name) {
    case 'x-envoy-attempt-count':
      return /^\d{1,4}$/.test(value) ? Number(value) : undefined;
    case 'x-upstream-addr':
    case 'x-upstream-status':
      return value.split(',').length;
    default:
      return undefined;
  }
}
