import { createHash } from 'node:crypto';
import type { RunNumber } from './pull-request.ts';

/**
 * A comment starts with two lines that no reader sees:
 *
 *     <!-- rollproof key=rollout/gate/calico v=1 -->
 *     <!-- sha=4be1c7d… run=8812345678.1 digest=9f2c… -->
 *
 * The first says that it is ours and which gate's, the second what it was last written for. They come first, so that
 * nothing a report contains can be taken for them.
 */
export interface CommentHead {
  readonly headSha: string;
  readonly run: RunNumber;
  /** SHA-256 of the Markdown under the two lines. */
  readonly digest: string;
}

/** The whole comment. */
export function composeComment(key: string, head: Omit<CommentHead, 'digest'>, markdown: string): string {
  const { headSha, run } = head;
  const about = `sha=${headSha} run=${run.id}.${run.attempt} digest=${digestOf(markdown)}`;
  return `${marker(key)}\n<!-- ${about} -->\n${markdown}`;
}

export function digestOf(markdown: string): string {
  return createHash('sha256').update(markdown).digest('hex');
}

/** Whether a comment's first line is the marker of this gate. Says nothing about who wrote it. */
export function hasMarker(body: string, key: string): boolean {
  return firstLines(body)[0] === marker(key);
}

/** What a comment was last written for; undefined where its second line is not of our making. */
export function readCommentHead(body: string): CommentHead | undefined {
  const line = firstLines(body)[1] ?? '';
  const match = /^<!-- sha=([0-9a-f]+) run=(\d+)\.(\d+) digest=([0-9a-f]{64}) -->$/.exec(line);
  if (!match) return undefined;
  const [, headSha = '', id, attempt, digest = ''] = match;
  return { headSha, run: { id: Number(id), attempt: Number(attempt) }, digest };
}

/**
 * The key of a gate: the user's own, or workflow, job and CNI, so that two gates and the legs of a matrix do not
 * overwrite each other. Always safe inside an HTML comment.
 */
export function commentKey(
  chosen: string | undefined,
  derived: { readonly workflow: string | undefined; readonly job: string | undefined; readonly cni: string },
): string {
  const wanted = chosen || [derived.workflow, derived.job, derived.cni].filter(Boolean).join('/');
  const plain = wanted.replaceAll(/[^A-Za-z0-9._/-]+|--+/g, '_').slice(0, 100);
  // Different names must stay different where characters had to go.
  return plain === wanted ? plain : `${plain}_${digestOf(wanted).slice(0, 8)}`;
}

function marker(key: string): string {
  return `<!-- rollproof key=${key} v=1 -->`;
}

function firstLines(body: string): readonly string[] {
  return body.split(/\r?\n/, 2);
}
