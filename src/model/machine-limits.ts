/** What this machine has to give to a prober that runs on it. What could not be read is absent, and limits nothing. */
export interface MachineLimits {
  /** Files, sockets included, that one process may have open. */
  readonly openFiles?: number;
  /** Connections that the kernel can still track. */
  readonly trackableConnections?: number;
  /** Connections that may wait for a server to accept them. */
  readonly listenBacklog?: number;
  /** Processors that a process may use at a time. */
  readonly processors?: number;
}
