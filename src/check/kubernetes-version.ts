/** From this minor version of Kubernetes 1 on, `preStop.sleep` is there without a feature gate. */
const SLEEP_SINCE = 30;

/** Does a cluster of this version know `preStop.sleep`? Where the version is not known: those that are maintained do. */
export function hasSleepAction(version: string | undefined): boolean {
  const [, minor] = /^v?1\.(\d+)/.exec(version ?? '') ?? [];
  return minor === undefined || Number(minor) >= SLEEP_SINCE;
}
