import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  commentKey,
  composeComment,
  digestOf,
  hasMarker,
  readCommentHead,
} from '../../src/publish/comment-text.ts';
import { anyText } from '../support/any-text.ts';

const head = { headSha: 'a'.repeat(40), run: { id: 8812345678, attempt: 3 } };
const derived = { workflow: 'rollout', job: 'gate', cni: 'calico' };

describe('the text of a comment', () => {
  it('tells its key and what it was written for', () => {
    const body = composeComment('rollout/gate/calico', head, '### All green\n');
    expect(hasMarker(body, 'rollout/gate/calico')).toBe(true);
    expect(hasMarker(body, 'rollout/gate')).toBe(false);
    expect(readCommentHead(body)).toEqual({ ...head, digest: digestOf('### All green\n') });
  });

  it('is still recognised after its line breaks were changed', () => {
    const body = composeComment('k', head, 'text').replaceAll('\n', '\r\n');
    expect(hasMarker(body, 'k')).toBe(true);
    expect(readCommentHead(body)?.run).toEqual(head.run);
  });

  it('is not ours where the marker stands anywhere but on the first line', () => {
    expect(hasMarker(`quote:\n${composeComment('k', head, '')}`, 'k')).toBe(false);
  });

  it.each([
    '',
    'x',
    '<!-- rollproof key=k v=1 -->',
    '<!-- rollproof key=k v=1 -->\n<!-- sha=x run=1 digest= -->',
  ])('has no head where the second line is not of our making: %j', (body) =>
    expect(readCommentHead(body)).toBeUndefined(),
  );

  it('has the same marker and head whatever the report contains', () => {
    fc.assert(
      fc.property(anyText(), (report) => {
        const body = composeComment('k', head, report);
        expect(hasMarker(body, 'k')).toBe(true);
        expect(readCommentHead(body)).toEqual({ ...head, digest: digestOf(report) });
      }),
    );
  });
});

describe('the key of a gate', () => {
  it('is workflow, job and CNI unless the user chose one', () => {
    expect(commentKey(undefined, derived)).toBe('rollout/gate/calico');
    expect(commentKey('shop', derived)).toBe('shop');
    expect(commentKey('', { ...derived, workflow: undefined })).toBe('gate/calico');
  });

  it('stays different where characters had to go', () => {
    expect(commentKey('a b', derived)).not.toBe(commentKey('a-b', derived));
    expect(commentKey('x'.repeat(200), derived)).not.toBe(commentKey('x'.repeat(201), derived));
  });

  it('can not end the HTML comment it stands in, whatever it is', () => {
    const piece = fc.oneof(fc.constantFrom('-', '--', '>', '-->', '--!>', ' ', '\n', 'v=1'), anyText());
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const key = commentKey(pieces.join(''), derived);
        expect(key).toMatch(/^[A-Za-z0-9._/-]{1,110}$/);
        expect(key).not.toContain('--');
      }),
    );
  });
});
