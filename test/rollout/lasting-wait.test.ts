import { expect, it } from 'vitest';
import { LastingWait } from '../../src/rollout/lasting-wait.ts';

it('what is waited for is told once it has lasted, and again for as long as it does', () => {
  const wait = new LastingWait();
  const told = [
    wait.at(1_000, 'the update to be written'),
    wait.at(1_010, 'new pods'),
    wait.at(1_259, 'new pods'),
    wait.at(1_260, 'new pods'),
    wait.at(1_500, 'new pods'),
    wait.at(1_510, 'old pods'),
    wait.at(1_520, 'new pods'),
    wait.at(1_769, 'new pods'),
    wait.at(1_770, 'new pods'),
  ];
  expect(told).toEqual([
    undefined,
    undefined,
    undefined,
    'new pods',
    'new pods',
    undefined,
    undefined,
    undefined,
    'new pods',
  ]);
});
