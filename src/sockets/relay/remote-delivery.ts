import type { RedisBus } from '../../cluster/redis-bus.js';
import type { Presence } from '../../presence/presence.js';
import { type By, type Signal, targetOf } from './signal.js';
import {
  ELSEWHERE,
  type Kept,
  type Mailbox,
  type Sender,
  type SignalMailboxes,
  keyOf,
  signalOf,
} from './signal-mailbox.js';

/** Bytes of JSON in one message to another node. */
const BATCH_BYTES = 1_048_576;
/** Until the next try, while PostgreSQL knows the device to be connected to another node. */
const RETRY_MS = 500;
/** Until it is looked again whether a device is connected anywhere; usually its node says so before. */
const AWAY_MS = 5_000;

export interface SignalParcel {
  to: By;
  signals: Signal[];
}

/**
 * Gives signals to the node that holds their device. They stay here until the device has acknowledged them; the other node
 * says whether it has taken them, and until it does they are given again. One message of a sender at a time, so that they
 * arrive in order.
 */
export class RemoteDelivery {
  /** Senders whose last message is on its way, or is to be repeated. */
  private readonly busy = new WeakSet<Sender>();
  /** Ends the pauses of those who wait for a device, by device. */
  private readonly pauses = new Map<string, Set<() => void>>();

  /** @param deliver delivers what the sender has, wherever its device is by then */
  constructor(
    private readonly mailboxes: Pick<SignalMailboxes, 'find'>,
    private readonly bus: Pick<RedisBus, 'connected' | 'hand'>,
    private readonly presence: Pick<Presence, 'isElsewhere'>,
    private readonly deliver: (mailbox: Mailbox, sender: Sender) => void,
  ) {}

  give(mailbox: Mailbox, sender: Sender, to: By): void {
    if (!this.bus.connected || this.busy.has(sender)) return;
    const batch = nextBatch(sender);
    if (batch.length === 0) return;
    this.busy.add(sender);
    const delivery: SignalParcel = { to, signals: batch.map((kept) => signalOf(mailbox, sender, kept)) };
    void this.bus.hand('signals', delivery).then(async (taken) => {
      if (taken) for (const kept of batch) kept.sentOn ??= ELSEWHERE;
      else await this.untilItMayBeTaken(mailbox, sender, to);
      this.busy.delete(sender);
      if (this.isWaiting(mailbox, sender)) this.deliver(mailbox, sender);
    });
  }

  /** The device has connected to another node. */
  arrived(device: By): void {
    for (const end of [...(this.pauses.get(keyOf(device)) ?? [])]) end();
  }

  /** Redis is back, and with it other nodes. */
  lookAgain(): void {
    for (const ends of [...this.pauses.values()]) for (const end of [...ends]) end();
  }

  /** Until PostgreSQL or another node says that the device is connected elsewhere, or it need not be found any more. */
  private async untilItMayBeTaken(mailbox: Mailbox, sender: Sender, to: By): Promise<void> {
    for (let away = true; away && this.isWaiting(mailbox, sender);) {
      // While PostgreSQL does not answer nobody knows: then it is tried.
      const elsewhere = await this.presence.isElsewhere(to).catch(() => true);
      const called = await this.pause(to, elsewhere ? RETRY_MS : AWAY_MS);
      away = !elsewhere && !called;
    }
  }

  /** @returns whether it was ended before its time */
  private pause(to: By, ms: number): Promise<boolean> {
    const key = keyOf(to);
    return new Promise((resolve) => {
      const end = (called: boolean): void => {
        clearTimeout(timer);
        const ends = this.pauses.get(key);
        ends?.delete(call);
        if (ends?.size === 0) this.pauses.delete(key);
        resolve(called);
      };
      const call = (): void => end(true);
      const timer = setTimeout(() => end(false), ms).unref();
      this.pauses.set(key, (this.pauses.get(key) ?? new Set()).add(call));
    });
  }

  private isWaiting({ call: { callId } }: Mailbox, sender: Sender): boolean {
    const mailbox = this.mailboxes.find(callId);
    return (
      mailbox?.senders.get(keyOf(sender.from)) === sender &&
      targetOf(mailbox.call, sender.from) !== null &&
      sender.kept.some(({ sentOn }) => sentOn === null)
    );
  }
}

function nextBatch({ kept }: Sender): Kept[] {
  const batch: Kept[] = [];
  let bytes = 0;
  for (const one of kept) {
    if (one.sentOn !== null) continue;
    bytes += one.json.length;
    if (batch.length > 0 && bytes > BATCH_BYTES) break;
    batch.push(one);
  }
  return batch;
}
