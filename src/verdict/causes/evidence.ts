import { plural } from '../../model/counted.ts';
import { least, most } from '../extremes.ts';
import { isCutOff } from './hook-times.ts';
import { ownAnswerAt, ownAnswerTo } from './own-answers.ts';
import type { PodStory } from './pod-story.ts';
import type { Drop, Story } from './story.ts';

/** Pods that are told of one by one; a rollout may have hundreds. */
const POD_LIMIT = 5;

/** What shows a cause, as sentences with figures: what clients saw, then each pod's part in it. */
export function evidenceOf(drops: readonly Drop[], story: Story): readonly string[] {
  const pods = [...new Set(drops.flatMap(({ pod }) => pod ?? []))];
  const told = pods.slice(0, POD_LIMIT);
  return [
    seen(drops),
    ...told.map((pod) =>
      podSentence(
        pod,
        drops.filter((drop) => drop.pod === pod),
      ),
    ),
    ...(pods.length > told.length ? [`The same holds for ${pods.length - told.length} more pods.`] : []),
    ...askedDirectly(drops, story),
    ...unready(story, drops),
  ];
}

function seen(drops: readonly Drop[]): string {
  const kinds = Map.groupBy(drops, (drop) =>
    [drop.class, drop.code ?? drop.status].filter((part) => part !== undefined).join(' '),
  );
  const list = [...kinds].map(([kind, some]) => `${some.length} ${kind}`).join(', ');
  const reused = drops.filter((drop) => drop.reused).length;
  const on =
    reused === 0
      ? 'on new connections'
      : reused === drops.length
        ? 'on kept-alive connections'
        : `${reused} of them on kept-alive connections`;
  return `As clients saw it: ${list}, ${on}.`;
}

function podSentence(pod: PodStory, drops: readonly Drop[]): string {
  const { askedFromMs, terminatingMs, endpointTerminatingMs, outOfEndpointsMs, exitedMs, exitCode } = pod;
  const { hookOverMs, signalledMs } = pod;
  const firstMs = least(drops.map(({ sentMs }) => sentMs));
  const lastMs = most(drops.map(({ sentMs }) => sentMs));
  const lost = plural(drops.length, 'request');
  const where = `${lost} sent to ${pod.name}${pod.address === undefined ? '' : ` (${pod.address})`}`;
  const zeroMs = askedFromMs === undefined ? (pod.inEndpointsMs ?? pod.firstReadyMs) : terminatingMs;
  if (zeroMs === undefined) return `${where}.`;
  const at = (ms: number) => `${ms < zeroMs ? '−' : ''}${time(Math.abs(ms - zeroMs))}`;
  const span = drops.length === 1 ? at(firstMs) : `${at(firstMs)} to ${at(lastMs)}`;
  if (askedFromMs === undefined) return `${where}, ${span} after it had become ready.`;
  const steps = [
    ...(endpointTerminatingMs === undefined
      ? []
      : [`its endpoint was terminating after ${at(endpointTerminatingMs)}`]),
    ...(hookOverMs === undefined
      ? []
      : [`its preStop hook was ${isCutOff(pod) ? 'still running' : 'over'} after ${at(hookOverMs)}`]),
    ...(signalledMs === undefined ? [] : [`it was sent ${signalName(pod.signal)} after ${at(signalledMs)}`]),
    ...(exitedMs === undefined
      ? []
      : [
          `its end${exitCode === undefined ? '' : ` (exit code ${exitCode})`} was known after ${at(exitedMs)}`,
        ]),
    ...(outOfEndpointsMs === undefined ? [] : [`it was out of the endpoints after ${at(outOfEndpointsMs)}`]),
  ];
  return `${where}, ${span} after it was told to end${steps.length === 0 ? '' : `; ${steps.join(', ')}`}.`;
}

/** By what containerd's log calls them, which is what Linux does. An image may ask for any of them. */
const SIGNAL_NAMES: ReadonlyMap<string, string> = new Map([
  ['terminated', 'SIGTERM'],
  ['killed', 'SIGKILL'],
  ['quit', 'SIGQUIT'],
  ['interrupt', 'SIGINT'],
  ['hangup', 'SIGHUP'],
  ['aborted', 'SIGABRT'],
  ['user defined signal 1', 'SIGUSR1'],
  ['user defined signal 2', 'SIGUSR2'],
  ['window changed', 'SIGWINCH'],
]);

/** `SIGTERM`, `SIGWINCH`, `signal 37`. Inert whatever the recording says. */
export function signalName(signal = 'terminated'): string {
  return SIGNAL_NAMES.get(signal) ?? (/^signal \d{1,3}$/.test(signal) ? signal : 'another signal');
}

/** What pods said at their own addresses at the moments at which requests were lost there, or at no pod at all. */
function askedDirectly(drops: readonly Drop[], story: Story): readonly string[] {
  const fresh = drops.filter(({ reused }) => !reused);
  return [...atTheirPods(fresh, story), ...meanwhile(fresh, story)];
}

function atTheirPods(drops: readonly Drop[], story: Story): readonly string[] {
  const sent = drops.filter(({ pod }) => pod);
  const answers = sent.flatMap((drop) => ownAnswerTo(story, drop.pod, drop) ?? []);
  if (answers.length === 0) return [];
  const kinds = Map.groupBy(answers, (answer) => answer);
  const ok = kinds.get('ok')?.length ?? 0;
  const list = [...kinds].flatMap(([kind, some]) => (kind === 'ok' ? [] : [`${some.length} ${kind}`]));
  const what =
    ok === 0
      ? 'did not answer either'
      : ok === answers.length
        ? 'answered'
        : `answered at ${ok} of the moments and not at the others`;
  const known = `${answers.length} of ${sent.length} moments known`;
  return [
    `Asked at their own addresses, past the Service, just before and just after, these pods ${what} (${[known, list.join(', ')].filter(Boolean).join(': ')}).`,
  ];
}

function meanwhile(drops: readonly Drop[], story: Story): readonly string[] {
  const lost = drops.filter(({ pod }) => !pod);
  const answered = story.pods.filter((pod) =>
    lost.some(({ sentMs }) => ownAnswerAt(story, pod, sentMs) === 'ok'),
  );
  if (answered.length === 0) return [];
  const names = answered.slice(0, POD_LIMIT).map(({ name }) => name);
  const more = answered.length - names.length;
  return [
    `Asked at their own addresses, past the Service, while requests were lost at nobody, ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''} answered.`,
  ];
}

/** A shorter stretch without a ready endpoint is only the order in which facts arrive. */
const SHORT_MS = 50;

function unready({ endpoints, stoppedMs }: Story, drops: readonly Drop[]): readonly string[] {
  const fromMs = least(drops.map(({ sentMs }) => sentMs)) - 1_000;
  const toMs = most(drops.map(({ sentMs }) => sentMs));
  const emptyMs = endpoints.reduce((sum, span, index) => {
    const endMs = endpoints[index + 1]?.fromMs ?? stoppedMs;
    const overlaps = span.fromMs <= toMs && endMs >= fromMs;
    return overlaps && !span.endpoints.some(({ ready }) => ready) ? sum + endMs - span.fromMs : sum;
  }, 0);
  return emptyMs < SHORT_MS ? [] : [`The Service had no ready endpoint for ${time(emptyMs)}.`];
}

/** `40 ms`, `1.2 s` */
export function time(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
