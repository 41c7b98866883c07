import { FairTurns } from '../../src/concurrency/fair-turns.js';

const loopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Longer than a slice. */
const busy = (): void => {
  const until = performance.now() + 6;
  while (performance.now() < until);
};

describe('what many ask at the same instant', () => {
  let turns: FairTurns;
  let begun: string[];
  beforeEach(() => {
    [turns, begun] = [new FairTurns({ perKey: 3, total: 4 }), []];
  });
  const asks = (user: string, name: string, work = busy): boolean =>
    turns.run(user, () => {
      begun.push(name);
      work();
    });

  it('is begun at once while it takes no time', () => {
    for (let nr = 0; nr < 100; nr++) asks(`user ${nr}`, `${nr}`, () => undefined);
    expect(begun).toHaveLength(100);
  });

  it('goes on in turns, one of each, when it takes time: whoever asks for much waits for themselves', async () => {
    for (const name of ['m1', 'm2', 'm3']) asks('mallory', name);
    asks('alice', 'alice');
    asks('bob', 'bob');
    expect(begun).toEqual(['m1']);
    while (begun.length < 5) await loopTurn();
    expect(begun).toEqual(['m1', 'm2', 'alice', 'bob', 'm3']);
  });

  it('lets everything else have its turn in between', async () => {
    for (const name of ['m1', 'm2', 'm3']) asks('mallory', name);
    const seen: number[] = [];
    while (begun.length < 3) {
      await loopTurn();
      seen.push(begun.length);
    }
    expect(seen).toEqual([2, 3]);
  });

  it('is begun in the order in which each asked', async () => {
    asks('mallory', 'm1');
    asks('mallory', 'offer');
    asks('mallory', 'hang up', () => undefined);
    while (begun.length < 3) await loopTurn();
    expect(begun).toEqual(['m1', 'offer', 'hang up']);
  });

  it('is begun at once where it is light, unless its key has asked for something before that waits', async () => {
    const light = (user: string): boolean =>
      turns.run(user, () => begun.push(`light of ${user}`), { light: true });
    asks('mallory', 'm1');
    asks('mallory', 'm2');
    light('alice');
    light('mallory');
    expect(begun).toEqual(['m1', 'light of alice']);
    while (begun.length < 4) await loopTurn();
    expect(begun).toEqual(['m1', 'light of alice', 'm2', 'light of mallory']);
  });

  it('is begun at once again when nothing waits any more', async () => {
    asks('mallory', 'm1');
    asks('mallory', 'm2');
    while (begun.length < 2) await loopTurn();
    await loopTurn();
    asks('mallory', 'later');
    expect(begun).toEqual(['m1', 'm2', 'later']);
  });

  it('is turned away when too much waits, of one and of all', async () => {
    const accepted = ['m1', 'm2', 'm3', 'm4', 'm5'].map((name) => asks('mallory', name));
    expect(accepted).toEqual([true, true, true, true, false]); // one was begun, three wait
    expect([asks('alice', 'a1'), asks('bob', 'b1')]).toEqual([true, false]);
    while (begun.length < 5) await loopTurn();
    expect(begun).toEqual(['m1', 'm2', 'a1', 'm3', 'm4']);
    await loopTurn();
    expect(asks('bob', 'b2')).toBe(true);
  });
});
