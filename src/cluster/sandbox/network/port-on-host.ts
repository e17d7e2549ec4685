import { readFileSync } from 'node:fs';

/** Above every port that Kubernetes and the kernel hand out. */
const SHIFT = 61_000;

/**
 * The port that a port of a pod, a Service or a node has on this machine: the same, unless only root may listen on it.
 * So port 80 works for everybody; whoever connects from outside the sandbox has to ask for it (`LoopbackCluster`).
 */
export function portOnHost(port: number): number {
  lowest ??= lowestOpenPort();
  return port < lowest ? port + SHIFT : port;
}

let lowest: number | undefined;

/** The first port that this process may listen on without being root. */
function lowestOpenPort(): number {
  if (process.getuid?.() === 0) return 1;
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'), 10) || 1;
  } catch {
    return 1024;
  }
}
