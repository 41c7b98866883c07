import fc from 'fast-check';
import { MemoryBudget } from '../../src/limits/memory-budget.js';

describe('memory for what is kept on behalf of users', () => {
  it('is refused beyond what one user may have, and nothing is counted then', () => {
    const budget = new MemoryBudget({ perUser: 100, total: 10_000 });
    expect([budget.take('mallory', 60), budget.take('mallory', 41)]).toEqual([true, false]);
    expect(budget.take('mallory', 40)).toBe(true);
    expect(budget.kept).toBe(100);
  });

  it('is free again when it is released, without a trace of the user', () => {
    const budget = new MemoryBudget({ perUser: 100, total: 10_000 });
    budget.take('alice', 100);
    budget.release('alice', 100);
    expect([budget.kept, budget.keptFor('alice')]).toEqual([0, 0]);
    expect(budget.take('alice', 100)).toBe(true);
  });

  it('is left for others by a few who take all they get', () => {
    const budget = new MemoryBudget({ perUser: 8_000, total: 64_000 });
    for (let nr = 0; nr < 20; nr++) while (budget.take(`mallory ${nr}`, 64));
    expect(budget.take('alice', 100)).toBe(true);
  });

  it('that another node has granted before is refused only by the node’s own limit', () => {
    const budget = new MemoryBudget({ perUser: 100, total: 1_000 });
    budget.take('alice', 100);
    expect([budget.takeOver('alice', 900), budget.takeOver('alice', 1)]).toEqual([true, false]);
    expect(budget.take('alice', 1)).toBe(false);
  });

  it('never exceeds any limit, and adds up, whatever is taken and released', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 50 }))),
        (steps) => {
          const budget = new MemoryBudget({ perUser: 100, total: 200 });
          const taken: [string, number][] = [];
          for (const [user, bytes] of steps) {
            if (bytes % 3 === 0 && taken.length > 0) budget.release(...taken.pop()!);
            else if (budget.take(user, bytes)) taken.push([user, bytes]);
            expect(budget.kept).toBe(taken.reduce((sum, [, each]) => sum + each, 0));
            expect(budget.kept).toBeLessThanOrEqual(200);
            for (const each of ['a', 'b', 'c']) expect(budget.keptFor(each)).toBeLessThanOrEqual(100);
          }
        },
      ),
    ));
});
