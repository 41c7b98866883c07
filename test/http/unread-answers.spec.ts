import { UnreadResponses } from '../../src/http/unread-answers.js';

const MEBIBYTE = 1_048_576;

/** A connection with so much unread. */
const connection = (remoteAddress: string, writableLength: number) => ({
  remoteAddress,
  writableLength,
  destroyed: false,
  destroy() {
    this.destroyed = true;
    return this as never;
  },
});

describe('answers that are not read', () => {
  let now: number;
  let answers: UnreadResponses;
  beforeEach(() => {
    now = 0;
    answers = new UnreadResponses(
      () => 1,
      () => now,
    );
  });
  afterEach(() => answers.stop());
  const watch = (...all: ReturnType<typeof connection>[]): void => {
    for (const one of all) answers.watch(one);
  };

  it('cost their connection after a minute', () => {
    const slow = connection('a', 1);
    watch(slow);
    answers.look();
    now = 60_000;
    answers.look();
    expect(slow.destroyed).toBe(false);
    now = 60_001;
    answers.look();
    expect(slow.destroyed).toBe(true);
  });

  it('may take as long as they like when all was read in between', () => {
    const slow = connection('a', 1);
    watch(slow);
    answers.look();
    slow.writableLength = 0;
    now = 50_000;
    answers.look();
    slow.writableLength = 1;
    now = 100_000;
    answers.look();
    expect(slow.destroyed).toBe(false);
  });

  it('of one address are 16 MiB at most: the one that is unread for longest goes first', () => {
    const [first, second, other] = [
      connection('a', 10 * MEBIBYTE),
      connection('a', 10 * MEBIBYTE),
      connection('b', 10 * MEBIBYTE),
    ];
    watch(first);
    answers.look();
    now = 1;
    watch(second, other);
    answers.look();
    expect([first.destroyed, second.destroyed, other.destroyed]).toEqual([true, false, false]);
  });

  it('of the node are 128 MiB at most', () => {
    const all = Array.from({ length: 10 }, (_, nr) => connection(`address ${nr}`, 15 * MEBIBYTE));
    watch(...all);
    answers.look();
    expect(all.filter(({ destroyed }) => !destroyed)).toHaveLength(8);
  });
});
