import { plural } from '../model/counted.ts';
import type { Proposal, Wanted } from '../model/sample-size.ts';
import { MAX_NEW_CONNECTIONS_PER_SECOND, MAX_REPEAT } from '../model/scenario.ts';
import { duration } from './figures.ts';

/** What a wanted confidence takes, with the inputs to write and with what does not fit. */
export function renderProposal(wanted: Wanted, proposal: Proposal): string {
  const { confidence, maxShare, replicas, outageMs } = wanted;
  const { replacements, repeat, endpoints, requests, ratePerSecond } = proposal;
  const sure = `${percent(confidence)} confidence`;
  const fitting = MAX_NEW_CONNECTIONS_PER_SECOND;
  const tooFast =
    ratePerSecond > fitting
      ? [
          `That is more than the ${fitting} new connections per second that one source address may open to one other.`,
          `What fits, rate ${fitting}, sees an outage of ${duration((requests * 1000) / fitting)}.`,
        ]
      : [];
  const tooOften =
    repeat > MAX_REPEAT
      ? [
          `That is more than the ${MAX_REPEAT} runs that one gate makes of a scenario: spread them, or have more replicas.`,
        ]
      : [];
  return [
    `To show with ${sure} that at most ${percent(maxShare)} of pod replacements drop requests:`,
    `  ${plural(replacements, 'replacement')} without a drop; with ${plural(replicas, 'replica')} that is --repeat ${repeat}`,
    ...tooOften.map((line) => `  ${line}`),
    `To see with ${sure} that one of ${endpoints} endpoints fails for ${duration(outageMs)}, over new connections:`,
    `  ${plural(requests, 'request')} within that time: --rate ${ratePerSecond}`,
    ...tooFast.map((line) => `  ${line}`),
  ].join('\n');
}

function percent(share: number): string {
  return `${Math.round(share * 1_000_000) / 10_000} %`;
}
