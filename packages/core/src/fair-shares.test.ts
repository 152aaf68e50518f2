import { expect, test } from 'vitest';
import { type Contender, chooseFairly, floorOf } from './fair-shares.ts';

const contender = (over: Partial<Contender> = {}): Contender => ({
  used: 0,
  weight: 1,
  open: 0,
  workOfOne: 1,
  waiting: 1000,
  ...over,
});

test('room is shared by weight', () => {
  expect(chooseFairly([contender(), contender()], 10)).toEqual([5, 5]);
  expect(chooseFairly([contender(), contender({ weight: 3 })], 40)).toEqual([10, 30]);
});

test('what a line costs counts, not how many lines there are', () => {
  expect(chooseFairly([contender({ workOfOne: 9 }), contender()], 100)).toEqual([10, 90]);
});

test('a tenant that has had more waits until the other has caught up', () => {
  expect(chooseFairly([contender({ used: 6 }), contender()], 10)).toEqual([2, 8]);
  expect(chooseFairly([contender({ open: 6 }), contender()], 10)).toEqual([2, 8]);
});

test('what one cannot use, another gets', () => {
  expect(chooseFairly([contender({ waiting: 2 }), contender()], 10)).toEqual([2, 8]);
  expect(chooseFairly([contender({ waiting: 2 }), contender({ waiting: 1 })], 10)).toEqual([2, 1]);
  expect(chooseFairly([], 10)).toEqual([]);
});

test('a tenant that was away is owed nothing for its absence', () => {
  const atWork = contender({ used: 100, open: 5 });
  expect(floorOf(contender(), [atWork, contender({ used: 300, open: 1 })])).toBe(105);
  expect(floorOf(contender({ weight: 2 }), [atWork])).toBe(210);
  expect(floorOf(contender({ open: 1 }), [atWork])).toBeNull();
  expect(floorOf(contender(), [contender({ used: 50 })])).toBeNull();
});

test('over many rounds with unlike jobs, tenants of equal weight get equal work', () => {
  const tenants = [
    { used: 0, open: 0, work: 12, done: 0 },
    { used: 0, open: 0, work: 1, done: 0 },
  ];
  for (let round = 0; round < 400; round += 1) {
    const chosen = chooseFairly(
      tenants.map(({ used, open, work }) => contender({ used, open, workOfOne: work })),
      20 - tenants.reduce((sum, { open }) => sum + open, 0),
    );
    for (const [index, tenant] of tenants.entries()) {
      tenant.open += chosen[index] as number;
      const ended = Math.ceil(tenant.open / 3);
      tenant.open -= ended;
      tenant.used += ended * tenant.work;
    }
  }
  const [dear, cheap] = tenants.map(({ used }) => used) as [number, number];
  expect(dear / (dear + cheap)).toBeGreaterThan(0.48);
  expect(dear / (dear + cheap)).toBeLessThan(0.52);
});
