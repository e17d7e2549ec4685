import { describe, expect, it } from 'vitest';
import { Company } from '../../src/gate/company.ts';

describe('runs at the same time', () => {
  it('hear of each other: who is there, who updates, who is gone, and nothing of themselves', () => {
    const company = new Company();
    const heard: string[] = [];
    const enter = (name: string) =>
      company.enter(name, 1, ({ scenario, run, state }) =>
        heard.push(`${name} hears: ${scenario} ${run} ${state}`),
      );
    const a = enter('a');
    const b = enter('b');
    b.updates();
    a[Symbol.dispose]();
    a[Symbol.dispose]();
    b.updates();
    expect(heard).toEqual([
      'b hears: a 1 present',
      'a hears: b 1 present',
      'a hears: b 1 update-triggered',
      'b hears: a 1 gone',
    ]);
  });
});
