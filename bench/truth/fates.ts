import type { DropClass } from '../../src/model/verdict.ts';

/** Fates that are planned for one request each; the others are stretches of time, or follow from one. */
export const PLANNED_SINGLY = [
  'status-503',
  'wrong-body',
  'bad-framing',
  'hung',
  'reset',
  'closed',
  'truncated-and-closed',
  'truncated-and-reset',
  'reset-on-accept',
] as const;

/**
 * What the truth server can do to a request. A fate's place in this list is its number in plans and ledgers, and
 * `answered` is 0: what nothing is planned for is answered.
 */
export const FATES = [
  'answered',
  'answered-slowly',
  ...PLANNED_SINGLY,
  'refused',
  'caught-by-the-close',
  'syn-dropped',
  'sent-after-the-close',
  'read-too-late',
] as const;

export type Fate = (typeof FATES)[number];

/** How a request must be told, for each fate: one way, but where the kernel may tell the same thing in two. */
export const MUST_BE_TOLD: Readonly<Record<Fate, readonly (DropClass | 'ok')[]>> = {
  answered: ['ok'],
  'answered-slowly': ['ok'],
  'status-503': ['status'],
  'wrong-body': ['body'],
  'bad-framing': ['malformed'],
  hung: ['answer-timeout'],
  reset: ['reset-before-answer'],
  closed: ['closed-before-answer'],
  'truncated-and-closed': ['truncated'],
  'truncated-and-reset': ['truncated'],
  // The reset may arrive before the client has looked at its own handshake, or after it.
  'reset-on-accept': ['connect-reset', 'reset-before-answer'],
  refused: ['refused'],
  // Connected by the kernel while the listener was being closed: reset by it, unseen by the server.
  'caught-by-the-close': ['refused', 'connect-reset', 'reset-before-answer'],
  'syn-dropped': ['connect-timeout'],
  // A request written to a connection after the server had closed it in good order.
  'sent-after-the-close': ['closed-before-answer', 'reset-before-answer'],
  // The server itself was not given the processor until the client's deadline had passed.
  'read-too-late': ['answer-timeout'],
};

/** Fates of all requests in a stretch of time, because the server never sees them. */
export type UnseenFate = 'refused' | 'syn-dropped';

export function fateNumber(fate: Fate): number {
  return FATES.indexOf(fate);
}

export function fateOf(number: number): Fate {
  const fate = FATES[number];
  if (fate === undefined) throw new RangeError(`there is no fate ${number}`);
  return fate;
}
