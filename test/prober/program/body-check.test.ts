import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyCheck } from '../../../src/prober/program/transports/body-check.ts';

describe('body check', () => {
  it('finds the text however the body is cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 1, max: 7 }),
        (before, after, size) => {
          const check = new BodyCheck('wanted: é');
          const body = Buffer.from(`${before}wanted: é${after}`);
          for (let at = 0; at < body.length; at += size) check.add(body.subarray(at, at + size));
          expect(check.ok).toBe(true);
          expect(check.bytes).toBe(body.length);
        },
      ),
    );
  });

  it('looks at the first 64 KiB and counts all of it', () => {
    const check = new BodyCheck('late');
    for (let i = 0; i < 3; i++) check.add(Buffer.alloc(40_000, 'x'));
    check.add(Buffer.from('late'));
    expect(check.ok).toBe(false);
    expect(check.bytes).toBe(120_004);
  });

  it('has no opinion where no text is looked for', () => {
    const check = new BodyCheck(undefined);
    check.add(Buffer.from('anything'));
    expect(check.ok).toBeUndefined();
  });
});
