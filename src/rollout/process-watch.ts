import type { NodeShell } from '../cluster/cluster-provider.ts';
import type { ProcessFact, RecordingEntry } from '../model/recording.ts';
import { listenOnNodes, type NodeListener } from './node-listener.ts';

export interface ProcessWatchOptions {
  /** Undefined where nodes are out of reach: then nothing is watched. */
  readonly nodeShell: NodeShell | undefined;
  readonly nodes: readonly string[];
  readonly namespace: string;
  /** Milliseconds since the recording opened. */
  clock(): number;
  emit(entry: RecordingEntry): void;
}

/**
 * Emits how the first processes of the namespace's running containers stand to SIGTERM (`process`), once now and again
 * when that changes or they end, to a fifth of a second. Resolves when all have been told once. Never fails: a node
 * that does not say has said nothing.
 */
export async function watchProcesses(options: ProcessWatchOptions): Promise<AsyncDisposable> {
  return listenOnNodes(options.nodeShell, options.nodes, () => processListener(options));
}

/**
 * The pods of a Deployment are alike: a few containers of each node tell about all. What the kernel says of them is
 * read without starting a process. A companion waits for the end of stdin, which comes however we end.
 */
const WATCH = `exec 3<&0; (cat <&3 >/dev/null; kill $$) &
list=$(crictl ps --quiet --state Running --label "io.kubernetes.pod.namespace=$1" | head -n 6 |
while read -r id; do
  crictl inspect --output go-template --template \\
    '{{index .status.labels "io.kubernetes.pod.name"}} {{index .status.labels "io.kubernetes.container.name"}} {{.info.pid}}' \\
    "$id"
done)
tell() {
  [ -n "$3" ] || return
  ids= ign= blk= cgt= now=ended
  { while read -r key value more; do
    case $key in
      NSpid:) ids="$value $more" ;;
      SigBlk:) blk=$value ;;
      SigIgn:) ign=$value ;;
      SigCgt:) cgt=$value; now="\${ids##*[!0-9]} $blk $ign $cgt" ;;
      State:) [ "$value" = Z ] && break ;;
    esac
  done <"/proc/$3/status"; } 2>/dev/null
  eval "before=\\$told_$3"
  [ "$now" = "$before" ] || echo "$1 $2 $now"
  eval "told_$3=\\$now"
}
while :; do
  while read -r pod container pid; do tell "$pod" "$container" "$pid"; done <<END
$list
END
  [ -n "$begun" ] || echo watching
  begun=yes
  sleep 0.2
done </dev/null 3<&- 2>&1`;

function processListener({ namespace, clock, emit }: ProcessWatchOptions): NodeListener {
  const last = new Map<string, ProcessState>();
  return {
    argv: ['sh', '-c', WATCH, 'sh', namespace],
    hear(line) {
      if (line === 'watching') return true;
      const state = parseProcessLine(line, last);
      if (state) {
        last.set(`${state.pod} ${state.container}`, state);
        emit({ kind: 'process', atMs: clock(), ...state });
      }
      return false;
    },
  };
}

type ProcessState = Omit<ProcessFact, 'kind' | 'atMs'>;

const SIGTERM_BIT = 1n << 14n;

/** Reads a line of the watch: `<pod> <container> <process id> <blocked> <ignored> <caught>`, or `… ended`. */
export function parseProcessLine(
  line: string,
  last: ReadonlyMap<string, ProcessState>,
): ProcessState | undefined {
  const [pod = '', container = '', ...rest] = line.split(' ');
  const before = last.get(`${pod} ${container}`);
  if (rest[0] === 'ended') return before && { ...before, ended: true };
  const [id, ...masks] = rest;
  if (masks.length !== 3 || !masks.every((mask) => /^[0-9a-f]+$/.test(mask))) return undefined;
  const [blocked, ignored, caught] = masks.map((mask) => (BigInt(`0x${mask}`) & SIGTERM_BIT) !== 0n);
  return {
    pod,
    container,
    sigterm: caught || blocked ? 'caught' : ignored ? 'ignored' : 'default',
    first: id === '1',
  };
}
