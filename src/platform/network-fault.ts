import { messageOf } from '../model/problem.ts';

/** Why a request got no answer: fetch wraps the network's own words, which are the ones that tell something. */
export function networkFault(error: unknown): string {
  return messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
}
