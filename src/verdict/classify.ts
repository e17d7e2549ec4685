import type { Probe, ProbePhase } from '../model/recording.ts';
import type { Expectation } from '../model/scenario.ts';
import type { DropClass, ProbeEnd } from '../model/verdict.ts';

/** What is known about a probe from the rest of the recording. */
export interface ProbeCircumstances {
  /** Its fresh connection came from a port that was used towards the same address shortly before. */
  readonly staleSourcePort: boolean;
  /** The prober was silent while the request was in flight. */
  readonly proberSlept: boolean;
  /** The machine that probes threw packets away while the request was in flight. */
  readonly packetsLost: boolean;
  /** Which numbers of a sequence its answer may carry: it was over before the update, or sent after the last old pod. */
  readonly mayCarry: 'old' | 'either' | 'new';
}

/** Errnos of the machine that probes: no descriptors, ports, memory or permission. They say nothing of the target. */
const LOCAL_ERRNOS: ReadonlySet<string> = new Set([
  'EACCES',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAGAIN',
  'EBADF',
  'EINTR',
  'EINVAL',
  'EMFILE',
  'ENETDOWN',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EPERM',
]);

const TIMEOUTS: ReadonlySet<string> = new Set([
  'DEADLINE',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
const UNREACHABLE: ReadonlySet<string> = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENONET']);
const RESETS: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ENOTCONN']);
/** The connection was closed in good order, and too early. */
const CLOSES: ReadonlySet<string> = new Set(['CLOSED', 'UND_ERR_SOCKET', 'CONNECTION_GONE']);
/** What came is not an answer of the protocol that was spoken. */
const MALFORMED: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'ANSWER_TOO_LONG',
  'NOT_UPGRADED',
  'NO_GRPC_STATUS',
]);
const MALFORMED_PREFIX = /^(?:HPE|ERR_HTTP2|WS_ERR)_/;
/** TLS could not agree, or was told so: EPROTO, alerts. A server may send one after its part of the handshake. */
const TLS_FAULT = /^(?:ERR_SSL_|ERR_TLS_|EPROTO$)/;
/** The connection ended within a body whose length was announced. */
const CUTS: ReadonlySet<string> = new Set(['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'HPE_INVALID_EOF_STATE']);

/**
 * What became of a request, from the facts in its record: by code, never by message. A failure that is not known to
 * be the target's counts as not judged, so that it can neither make a run red nor let it pass.
 */
export function classify(probe: Probe, expect: Expectation, circumstances: ProbeCircumstances): ProbeEnd {
  const { failure } = probe;
  if (probe.unsent !== undefined) return { end: 'unsent' };
  if (!failure) return classifyAnswer(probe, expect, circumstances);
  if (failure.code === 'ABORTED') return { end: 'not-judged', class: 'indeterminate' };
  if (failure.phase === 'bind' || LOCAL_ERRNOS.has(failure.code)) {
    return { end: 'not-judged', class: 'prober-fault' };
  }
  const dropClass = classifyFailure(failure.phase, failure.code);
  if (dropClass === undefined) return { end: 'not-judged', class: 'indeterminate' };
  if (failure.prober === true) return { end: 'not-judged', class: 'prober-stall' };
  // A refusal is an answer of the target's side, however late the prober comes to read it.
  const refused = dropClass === 'refused' || dropClass === 'unreachable';
  if (circumstances.proberSlept && !refused) return { end: 'not-judged', class: 'prober-stall' };
  // Whose packets they were is not known: a request that was never answered may be one of them.
  if (circumstances.packetsLost && TIMEOUTS.has(failure.code)) {
    return { end: 'not-judged', class: 'prober-fault' };
  }
  if (circumstances.staleSourcePort && failure.phase === 'connect') {
    return { end: 'not-judged', class: 'stale-source-port' };
  }
  return { end: 'dropped', class: dropClass };
}

function classifyAnswer(probe: Probe, expect: Expectation, circumstances: ProbeCircumstances): ProbeEnd {
  const { status, grpcStatus = 0, bodyOk } = probe;
  // Where there is no status, as in an echo, the body is all that can have been checked.
  if (status === undefined && bodyOk === undefined) return { end: 'not-judged', class: 'indeterminate' };
  const outside = status !== undefined && (status < expect.statusFrom || status > expect.statusTo);
  if (outside || grpcStatus !== 0) return { end: 'dropped', class: 'status' };
  if (bodyOk === false) return { end: 'dropped', class: 'body' };
  const isOk = classifyNumber(probe, expect, circumstances);
  if (expect.bodyContains === undefined && expect.json === undefined) return isOk;
  // A check that was asked for and is not in the record has not been passed.
  if (bodyOk === undefined) return { end: 'not-judged', class: 'indeterminate' };
  return isOk;
}

/** The number that an answer carries, where one is asked for: the old one or the new one, each in its time. */
function classifyNumber(
  { value }: Probe,
  { sequence }: Expectation,
  { mayCarry }: ProbeCircumstances,
): ProbeEnd {
  if (!sequence) return { end: 'ok' };
  if (value === String(sequence.to) && mayCarry !== 'old') return { end: 'ok' };
  if (value !== String(sequence.from)) return { end: 'dropped', class: 'body' };
  return mayCarry === 'new' ? { end: 'dropped', class: 'outdated' } : { end: 'ok' };
}

function classifyFailure(phase: ProbePhase, code: string): DropClass | undefined {
  if (code === 'ECONNREFUSED') return 'refused';
  if (UNREACHABLE.has(code)) return 'unreachable';
  if (TLS_FAULT.test(code)) return 'tls-failed';
  if (phase === 'tls') return isKnown(code) ? 'tls-failed' : undefined;
  if (TIMEOUTS.has(code)) return phase === 'connect' ? 'connect-timeout' : 'answer-timeout';
  if (CUTS.has(code)) return phase === 'body' ? 'truncated' : 'closed-before-answer';
  if (MALFORMED.has(code) || MALFORMED_PREFIX.test(code)) return 'malformed';
  if (code === 'GOAWAY') return 'goaway';
  if (code.startsWith('RST_STREAM ')) return 'stream-reset';
  if (code.startsWith('CLOSE_FRAME ')) return 'close-frame';
  const broken = RESETS.has(code) || CLOSES.has(code);
  if (!broken) return undefined;
  if (phase === 'connect') return 'connect-reset';
  if (phase === 'body') return 'truncated';
  return RESETS.has(code) ? 'reset-before-answer' : 'closed-before-answer';
}

/** What can happen to a connection whatever is spoken. */
function isKnown(code: string): boolean {
  return TIMEOUTS.has(code) || RESETS.has(code) || CLOSES.has(code);
}
