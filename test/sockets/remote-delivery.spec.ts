import { jest } from '@jest/globals';
import { MemoryBudget } from '../../src/limits/memory-budget.js';
import { RemoteDelivery, type SignalParcel } from '../../src/sockets/relay/remote-delivery.js';
import { type Mailbox, type Sender, SignalMailboxes } from '../../src/sockets/relay/signal-mailbox.js';
import { iPhone, pixel } from '../calls/cast.js';
import { answered, ended } from './one-node.js';

describe('signals for a device on another node', () => {
  let mailboxes: SignalMailboxes;
  let mailbox: Mailbox;
  let remote: RemoteDelivery;
  /** What was handed over, and the answers: whether a node has taken it. */
  let handed: { parcel: SignalParcel; answer: (taken: boolean) => void }[];
  let elsewhere: boolean;
  beforeEach(() => {
    jest.useFakeTimers();
    [handed, elsewhere] = [[], true];
    mailboxes = new SignalMailboxes(
      { known: () => answered },
      new MemoryBudget({ perUser: 2 ** 30, total: 2 ** 32 }),
    );
    mailbox = mailboxes.ofCall(answered);
    const bus = {
      connected: true,
      hand: (_topic: string, parcel: object) =>
        new Promise<boolean>((answer) => handed.push({ parcel: parcel as SignalParcel, answer })),
    };
    const give = (of: Mailbox, sender: Sender): void => remote.give(of, sender, pixel);
    remote = new RemoteDelivery(mailboxes, bus, { isElsewhere: async () => elsewhere }, give);
  });
  afterEach(() => jest.useRealTimers());

  const send = (json: string): void => {
    const sender = mailboxes.keep(mailbox, iPhone, json, { start: 0, acknowledged: false });
    remote.give(mailbox, sender, pixel);
  };
  const last = (): number[] => handed.at(-1)!.parcel.signals.map(({ seq }) => seq);
  const answer = async (taken: boolean): Promise<void> => {
    handed.at(-1)!.answer(taken);
    await jest.advanceTimersByTimeAsync(0);
  };

  it('go in one message at a time, each with all that has come meanwhile', async () => {
    send('1');
    send('2');
    send('3');
    expect([handed.length, last()]).toEqual([1, [1]]);
    await answer(true);
    expect([handed.length, last()]).toEqual([2, [2, 3]]);
    await answer(true);
    expect(handed).toHaveLength(2);
  });

  it('go in messages of a mebibyte at most', async () => {
    for (let nr = 0; nr < 40; nr++) send(JSON.stringify('x'.repeat(60_000)));
    await answer(true);
    expect(last()).toEqual(Array.from({ length: 17 }, (_, index) => index + 2));
  });

  it('are given again, with what came meanwhile, until a node takes them', async () => {
    send('1');
    await answer(false);
    send('2');
    expect(handed).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(500);
    expect([handed.length, last()]).toEqual([2, [1, 2]]);
  });

  it('are not given while their device is connected nowhere, and at once when a node says that it has come', async () => {
    elsewhere = false;
    send('1');
    await answer(false);
    await jest.advanceTimersByTimeAsync(60_000);
    send('2');
    expect(handed).toHaveLength(1);
    remote.arrived(pixel);
    await jest.advanceTimersByTimeAsync(0);
    expect([handed.length, last()]).toEqual([2, [1, 2]]);
  });

  it('are given when PostgreSQL says that their device has come, should no node have said so', async () => {
    elsewhere = false;
    send('1');
    await answer(false);
    elsewhere = true;
    await jest.advanceTimersByTimeAsync(5_500);
    expect([handed.length, last()]).toEqual([2, [1]]);
  });

  it('are given when Redis is back', async () => {
    send('1');
    await answer(false);
    remote.lookAgain();
    await jest.advanceTimersByTimeAsync(0);
    expect(handed).toHaveLength(2);
  });

  it('are forgotten with their call', async () => {
    send('1');
    await answer(false);
    mailboxes.forget(ended);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(handed).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
