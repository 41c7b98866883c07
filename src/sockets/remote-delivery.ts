import type { Clock } from '../clock.js';
import type { Bus } from '../cluster/bus.js';
import type { Presence } from '../devices/presence.js';
import { type By, type Signal, targetOf } from './signal.js';
import {
  ELSEWHERE,
  type Kept,
  type Line,
  type Sender,
  type SignalLines,
  keyOf,
  signalOf,
} from './signal-lines.js';

/** Bytes of JSON in one message to another node. */
const BATCH_BYTES = 1_048_576;
/** Until the next try, while the device is known to be connected to another node. */
const RETRY_MS = 500;
/** A device that no node knew of is not looked for again for so long, unless it says itself that it has come. */
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
  private awayUntil = new WeakMap<Sender, number>();

  constructor(
    private readonly lines: SignalLines,
    private readonly bus: Pick<Bus, 'connected' | 'hand'>,
    private readonly presence: Pick<Presence, 'isElsewhere'>,
    private readonly clock: Clock,
    /** Delivers what the sender has, wherever its device is by then. */
    private readonly deliver: (line: Line, sender: Sender) => void,
  ) {}

  /** Nodes or Redis are back: devices that were not found may be there now. */
  lookAgain(): void {
    this.awayUntil = new WeakMap();
  }

  give(line: Line, sender: Sender, to: By): void {
    if (!this.bus.connected || this.busy.has(sender)) return;
    if ((this.awayUntil.get(sender) ?? 0) > this.clock.now()) return;
    const batch = nextBatch(sender);
    if (batch.length === 0) return;
    this.busy.add(sender);
    const parcel: SignalParcel = { to, signals: batch.map((kept) => signalOf(line, sender, kept)) };
    void this.bus.hand('signals', parcel).then(async (taken) => {
      if (taken) for (const kept of batch) kept.sentOn ??= ELSEWHERE;
      else await this.waitFor(sender, to);
      this.busy.delete(sender);
      const { callId } = line.call;
      const current = this.lines.find(callId)?.senders.get(keyOf(sender.from)) === sender;
      if (current && targetOf(line.call, sender.from)) this.deliver(line, sender);
    });
  }

  private async waitFor(sender: Sender, to: By): Promise<void> {
    // While PostgreSQL is away nobody knows: then it is tried again.
    const elsewhere = await this.presence.isElsewhere(to).catch(() => true);
    if (elsewhere) await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    else this.awayUntil.set(sender, this.clock.now() + AWAY_MS);
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
