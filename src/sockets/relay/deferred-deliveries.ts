import { Injectable } from '@nestjs/common';
import { Calls } from '../../calls/calls.js';
import { isUnanswered } from '../../calls/domain/call.js';
import { MemoryBudget, withinHeap } from '../../limits/memory-budget.js';
import { MediaStates } from './media-states.js';
import { type Session, Sessions } from '../session/sessions.js';
import type { By, Media, Signal } from './signal.js';
import { SignalRelay } from './signal-relay.js';

export interface Delivery {
  to: By;
  signals?: Signal[];
  media?: Media;
}

interface Held {
  delivery: Delivery;
  session: Session;
  bytes: number;
}

const MIB = 1_048_576;
/** Memory for deliveries that wait. Whoever sent them keeps them, and gives them again when they were not taken. */
const HELD = { perUser: 8 * MIB, total: 64 * MIB, heapParts: 8 };
/** What a delivery takes besides its texts, and each of its signals likewise. */
const ENTRY_BYTES = 1_024;

/**
 * What other nodes send to devices here. It comes faster than what they record, and waits until the device has had its
 * sync and has heard that its call was answered.
 */
@Injectable()
export class DeferredDeliveries {
  private held: Held[] = [];
  private readonly budget = new MemoryBudget({
    perUser: HELD.perUser,
    total: withinHeap(HELD.total, HELD.heapParts),
  });

  constructor(
    private readonly calls: Calls,
    private readonly sessions: Sessions,
    private readonly signals: SignalRelay,
    private readonly media: MediaStates,
  ) {}

  /** @returns whether this node has taken it: the device is connected here, and there is room */
  take(delivery: Delivery): boolean {
    const session = this.sessions.get(delivery.to.userId, delivery.to.deviceId);
    if (!session) {
      // Media is state, and told to the device when it comes.
      if (delivery.media) this.media.fromElsewhere(delivery.to, delivery.media);
      return false;
    }
    const bytes = sizeOf(delivery);
    if (!this.budget.take(senderOf(delivery), bytes)) return false;
    this.held.push({ delivery, session, bytes });
    this.look();
    return true;
  }

  /** A device has had its sync, or a call moved on: what may go now goes, in the order it came. */
  look(): void {
    if (this.held.length === 0) return;
    const held = this.held;
    this.held = [];
    for (const one of held) {
      if (this.mustWait(one)) this.held.push(one);
      else this.deliver(one);
    }
  }

  /** The connection is gone; the device is told with its next sync. */
  forget(session: Session): void {
    const held = this.held;
    this.held = [];
    for (const one of held) {
      if (one.session === session) this.release(one);
      else this.held.push(one);
    }
  }

  private mustWait({ delivery, session }: Held): boolean {
    const call = this.calls.known(callIdOf(delivery));
    return call?.state !== 'ended' && (!session.synced || (!!call && isUnanswered(call)));
  }

  private deliver(held: Held): void {
    this.release(held);
    const { delivery, session } = held;
    if (this.calls.known(callIdOf(delivery))?.state === 'ended') return;
    if (delivery.media) this.media.fromElsewhere(delivery.to, delivery.media);
    else this.signals.deliverFromElsewhere(session, delivery.signals ?? []);
  }

  private release({ delivery, bytes }: Held): void {
    this.budget.release(senderOf(delivery), bytes);
  }
}

const callIdOf = ({ media, signals }: Delivery): string => media?.state.callId ?? signals?.[0]?.callId ?? '';

const senderOf = ({ media, signals, to }: Delivery): string =>
  media?.state.from.userId ?? signals?.[0]?.from.userId ?? to.userId;

/** A character of text outside Latin-1 makes V8 keep all of it in two bytes. */
const sizeOf = ({ signals = [] }: Delivery): number =>
  signals.reduce((sum, { json }) => sum + 2 * json.length + ENTRY_BYTES, ENTRY_BYTES);
