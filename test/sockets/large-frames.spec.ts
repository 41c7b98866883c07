import { LargeFrames } from '../../src/sockets/large-frames.js';

const LARGE = 65_536;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** As long as several of the largest frames may take. */
const busy = (): void => {
  const until = performance.now() + 6;
  while (performance.now() < until);
};

describe('large frames', () => {
  let frames: LargeFrames;
  let looked: string[];
  beforeEach(() => {
    [frames, looked] = [new LargeFrames(), []];
  });
  const send = (userId: string, name: string, bytes = LARGE): void =>
    frames.look(userId, bytes, () => {
      looked.push(name);
      if (bytes === LARGE) busy();
    });

  it('of one user wait for themselves: small ones of others go first, and large ones of others in between', async () => {
    for (const name of ['m1', 'm2', 'm3']) send('mallory', name);
    send('alice', 'small', 100);
    send('bob', 'large');
    expect(looked).toEqual(['small']);
    while (looked.length < 5) await turn();
    expect(looked).toEqual(['small', 'm1', 'large', 'm2', 'm3']);
  });

  it('let everything else have its turn between them', async () => {
    for (const name of ['m1', 'm2', 'm3']) send('mallory', name);
    const seen: number[] = [];
    while (looked.length < 3) {
      await turn();
      seen.push(looked.length);
    }
    expect(seen).toEqual([1, 2, 3]);
  });

  it('are not overtaken by what their user says later', async () => {
    send('mallory', 'offer');
    send('mallory', 'hang up', 100);
    expect(looked).toEqual([]);
    while (looked.length < 2) await turn();
    expect(looked).toEqual(['offer', 'hang up']);
  });

  it('leave nothing behind once they are done with', async () => {
    send('mallory', 'large');
    while (looked.length < 1) await turn();
    send('mallory', 'small', 100);
    expect(looked).toEqual(['large', 'small']);
  });
});
