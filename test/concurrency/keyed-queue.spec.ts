import { KeyedQueue } from '../../src/concurrency/keyed-queue.js';

/** Work that says when it has begun, and ends when it is told to. */
function controlled(log: string[], name: string) {
  let finish: (how: 'well' | 'badly') => void = () => undefined;
  const ended = new Promise<string>((resolve, reject) => {
    finish = (how) => (how === 'well' ? resolve(name) : reject(new Error(name)));
  });
  const work = (): Promise<string> => {
    log.push(name);
    return ended;
  };
  return { work, finish: (how: 'well' | 'badly' = 'well') => finish(how) };
}

describe('a keyed queue', () => {
  it('begins work at once when nothing else has its key', () => {
    const begun: string[] = [];
    const queue = new KeyedQueue();
    void queue.run('a', controlled(begun, 'first').work);
    void queue.run('b', controlled(begun, 'second').work);
    expect(begun).toEqual(['first', 'second']);
  });

  it('runs work under one key in the order it came, one at a time', async () => {
    const begun: string[] = [];
    const queue = new KeyedQueue();
    const [first, second, third] = ['first', 'second', 'third'].map((name) => controlled(begun, name));
    const all = [first!, second!, third!].map(({ work }) => queue.run('a', work));
    expect(begun).toEqual(['first']);
    first!.finish();
    await all[0];
    await Promise.resolve();
    expect(begun).toEqual(['first', 'second']);
    second!.finish();
    third!.finish();
    expect(await Promise.all(all)).toEqual(['first', 'second', 'third']);
  });

  it('goes on after work that failed, and tells only its own caller', async () => {
    const begun: string[] = [];
    const queue = new KeyedQueue();
    const [first, second] = ['first', 'second'].map((name) => controlled(begun, name));
    const failing = queue.run('a', first!.work);
    const following = queue.run('a', second!.work);
    first!.finish('badly');
    second!.finish();
    await expect(failing).rejects.toThrow('first');
    await expect(following).resolves.toBe('second');
  });

  it('runs as much work of one key at a time as it may', async () => {
    const begun: string[] = [];
    const queue = new KeyedQueue(2);
    const works = ['first', 'second', 'third'].map((name) => controlled(begun, name));
    const all = works.map(({ work }) => queue.run('a', work));
    expect(begun).toEqual(['first', 'second']);
    works[1]!.finish();
    await all[1];
    await Promise.resolve();
    expect(begun).toEqual(['first', 'second', 'third']);
    works[0]!.finish();
    works[2]!.finish();
    expect(await Promise.all(all)).toEqual(['first', 'second', 'third']);
  });

  it('goes on after work that throws instead of failing', async () => {
    const queue = new KeyedQueue();
    const thrown = queue.run('a', () => {
      throw new Error('at once');
    });
    const following = queue.run('a', () => Promise.resolve('second'));
    await expect(thrown).rejects.toThrow('at once');
    await expect(following).resolves.toBe('second');
    expect(queue.size).toBe(0);
  });

  it('does not begin what has waited for longer than it may', async () => {
    const queue = new KeyedQueue();
    const begun: string[] = [];
    const [slow, late] = ['slow', 'late'].map((name) => controlled(begun, name));
    const longest = { ms: -1, error: () => new Error('too late') };
    const first = queue.run('a', slow!.work, longest);
    const second = queue.run('a', late!.work, longest);
    slow!.finish();
    await expect(first).resolves.toBe('slow');
    await expect(second).rejects.toThrow('too late');
    expect(begun).toEqual(['slow']);
  });

  it('forgets a key once its work is done', async () => {
    const queue = new KeyedQueue();
    await Promise.all([queue.run('a', () => Promise.resolve()), queue.run('a', () => Promise.resolve())]);
    await Promise.resolve();
    expect(queue.size).toBe(0);
  });
});
