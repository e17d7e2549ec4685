import { describe, expect, it } from 'vitest';
import { renderProblems } from '../../src/report/problem-text.ts';
import { recognisedCommands } from '../support/runner-log-commands.ts';

describe('problems as text', () => {
  it('say what, where, why and what to do, each on its line', () => {
    const text = renderProblems([
      {
        code: 'RP1003',
        what: 'Unknown key "senarios".',
        where: 'rollproof.yml:14:1',
        remedy: 'Did you mean "scenarios"?',
      },
      {
        code: 'RP1104',
        what: 'Deployment web has no replicas.',
        where: 'a.yaml:6:3',
        why: 'Nobody answers.',
        remedy: 'Set it to 1.',
      },
    ]);
    expect(text).toBe(`RP1003  Unknown key "senarios".
        rollproof.yml:14:1
        Did you mean "scenarios"?

RP1104  Deployment web has no replicas.
        a.yaml:6:3
        Nobody answers.
        Set it to 1.`);
  });

  it('are inert, whatever they quote', () => {
    const evil =
      '::error::x\r\n::set-output name=verdict::pass\n##[add-mask]PASS\u001b[31m\u202e\u2028::stop-commands::x';
    const text = renderProblems([{ code: 'RP1020', what: evil, where: `x${evil}`, why: evil, remedy: evil }]);
    expect(text.split('\n')).toHaveLength(4);
    expect(recognisedCommands(text)).toEqual([]);
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e|\u2028/u);
  });

  it('do not name the place twice', () => {
    const problem = {
      code: 'RP1006',
      what: '--rate has to be a number.',
      where: '--rate',
      remedy: 'Correct --rate.',
    };
    expect(renderProblems([problem])).toBe('RP1006  --rate has to be a number.\n        Correct --rate.');
  });

  it('stay short, however many and however long', () => {
    const problem = { code: 'RP1003', what: 'x'.repeat(1_000_000), remedy: 'y' };
    const text = renderProblems(Array.from({ length: 200 }, () => problem));
    expect(text.length).toBeLessThan(50_000);
    expect(text).toContain('… and 150 more of the kind.');
  });
});
