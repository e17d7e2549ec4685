import { count, plural } from '../../model/counted.ts';
import type { Cause, Confidence, Finding } from '../../model/finding.ts';
import type { Account } from '../account.ts';
import { evidenceOf } from './evidence.ts';
import { paceOfProxies } from './proxy-pace.ts';
import type { Attribution } from './rule.ts';
import { RULES } from './rules.ts';
import { restartFindings, rolloutFindings } from './run-rules.ts';
import { type Drop, isAnsweringUnclear, type Story } from './story.ts';
import { suggestionFor } from './suggestion.ts';

/**
 * Why requests were dropped, most drops first and what is unexplained last. Each drop is laid to one cause, so that
 * drops add up to those of the account. Requests that are not judged have a finding, too, where their cause is known.
 */
export function findingsOf(story: Story, account: Account, steady?: Account): readonly Finding[] {
  const doubt = doubtOf(steady, account);
  const explained = new Map<Cause, { readonly drop: Drop; readonly attribution: Attribution }[]>();
  const unexplained: Drop[] = [];
  for (const { drop, attribution } of attributedDrops(story)) {
    if (!attribution) {
      unexplained.push(drop);
      continue;
    }
    const list = explained.get(attribution.cause);
    if (list) list.push({ drop, attribution });
    else explained.set(attribution.cause, [{ drop, attribution }]);
  }
  const findings = [...explained].map(([cause, cases]): Finding => {
    const drops = cases.map(({ drop, attribution: { pod } }) => (pod ? { ...drop, pod } : drop));
    const undecided = undecidedOf(cases.map(({ attribution }) => attribution));
    const suggestion = suggestionFor(cause, story, drops);
    const confidence = mostFrequent(cases.map(({ attribution }) => attribution.confidence));
    const unclear = OF_A_CONTAINER.has(cause) && isAnsweringUnclear(story.before);
    const beside =
      cause !== 'prober-fault' && drops.some(({ sentMs, endedMs }) => story.isAccompanied(sentMs, endedMs));
    return {
      cause,
      drops: drops.length,
      confidence:
        doubt !== undefined && cause !== 'prober-fault'
          ? 'low'
          : (beside || unclear) && confidence === 'high'
            ? 'medium'
            : confidence,
      pods: namesOf(drops),
      evidence: [
        ...new Set(cases.map(({ attribution }) => attribution.because)),
        ...evidenceOf(drops, story),
        ...(RACES_WITH_NODES.has(cause) ? paceOfProxies(story) : []),
        ...(doubt === undefined ? [] : [doubt]),
        ...(beside ? [BESIDE] : []),
        ...(unclear ? [UNCLEAR] : []),
      ],
      ...(undecided && { undecided }),
      ...(suggestion && { suggestion }),
    };
  });
  return [
    ...findings.toSorted((a, b) => b.drops - a.drops),
    ...(unexplained.length === 0 ? [] : [unexplainedFinding(unexplained, story)]),
    ...notJudgedFindings(account, findings),
    ...rolloutFindings(story),
    ...restartFindings(story, findings),
  ];
}

const BESIDE =
  'Other scenarios ran on the cluster at that time: whether it happens without them as well, only a run alone shows.';

/** Causes that rest on what the template says of the container that answers. */
const OF_A_CONTAINER: ReadonlySet<Cause> = new Set([
  'stops-before-endpoint-removal',
  'prestop-too-short',
  'prestop-cannot-run',
  'prestop-exceeds-grace',
  'missing-readiness-probe',
  'readiness-too-early',
]);

const UNCLEAR =
  'Which of the containers answers is not known, because none of them names the port that the Service leads to: the first is taken for it.';

/** What the finding cannot be told from, unless most of its drops were: they are of one cause. */
function undecidedOf(all: readonly Attribution[]): Attribution['undecided'] {
  const open = all.filter(({ undecided }) => undecided);
  return 2 * open.length >= all.length ? open[0]?.undecided : undefined;
}

/** The control may lose a request now and then; from this many on, and this share of what was lost, it is telling. */
const CONTROL_DROPS = 3;
const CONTROL_SHARE = 0.05;

/** Why no cause is sure: the control, which was not updated, lost requests as well. */
function doubtOf(steady: Account | undefined, { counts }: Account): string | undefined {
  const lost = steady?.counts.dropped ?? 0;
  if (lost < CONTROL_DROPS || lost < counts.dropped * CONTROL_SHARE) return undefined;
  return `The steady control, which was not updated, lost ${count(lost)} requests in the same run: something else was wrong, and no cause is sure.`;
}

/** Each dropped request with what it is laid to, undefined where nothing explains it. */
export function attributedDrops(
  story: Story,
): readonly { readonly drop: Drop; readonly attribution: Attribution | undefined }[] {
  return story.drops.map((drop) => ({ drop, attribution: attribute(drop, story) }));
}

/** Causes in which a pod is faster than the nodes. */
const RACES_WITH_NODES: ReadonlySet<Cause> = new Set([
  'stops-before-endpoint-removal',
  'prestop-too-short',
  'prestop-cannot-run',
  'network-not-ready-for-new-pod',
  'session-affinity',
]);

function attribute(drop: Drop, story: Story): Attribution | undefined {
  for (const rule of RULES) {
    const attribution = rule(drop, story);
    if (attribution) return attribution;
  }
  return undefined;
}

function unexplainedFinding(drops: readonly Drop[], story: Story): Finding {
  return {
    cause: 'unexplained',
    drops: drops.length,
    confidence: 'low',
    pods: namesOf(drops),
    evidence: ['No rule fits what is known of these requests.', ...evidenceOf(drops, story)],
  };
}

/** Requests that failed for reasons of the prober's: they are not dropped, but somebody wants to know. */
function notJudgedFindings({ notJudged }: Account, others: readonly Finding[]): readonly Finding[] {
  const fault = (notJudged['prober-fault'] ?? 0) + (notJudged['prober-stall'] ?? 0);
  const stale = notJudged['stale-source-port'] ?? 0;
  const finding = (cause: Cause, requests: number, why: string): readonly Finding[] =>
    requests === 0 || others.some((other) => other.cause === cause)
      ? []
      : [
          {
            cause,
            drops: 0,
            confidence: 'high',
            pods: [],
            evidence: [`${plural(requests, 'request')} ${why}: not judged.`],
          },
        ];
  return [
    ...finding('prober-fault', fault, 'failed in the prober itself, for want of descriptors, ports or time'),
    ...finding(
      'stale-conntrack',
      stale,
      'failed on a source port that had shortly before been used towards the same address',
    ),
  ];
}

function namesOf(drops: readonly Drop[]): readonly string[] {
  return [...new Set(drops.flatMap(({ pod }) => pod?.name ?? []))];
}

function mostFrequent(all: readonly Confidence[]): Confidence {
  const count = (one: Confidence) => all.filter((other) => other === one).length;
  const levels: readonly Confidence[] = ['low', 'medium', 'high'];
  return levels.toSorted((a, b) => count(b) - count(a))[0] ?? 'low';
}
