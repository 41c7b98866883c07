import { Injectable } from '@nestjs/common';
import { Calls } from '../../calls/calls.js';
import { isUnanswered } from '../../calls/domain/call.js';
import { MemoryBudget, withinHeap } from '../../limits/memory-budget.js';
import { MediaStates } from './media-states.js';
import { type Session, Sessions } from '../session/sessions.js';
import type { By, Media, Signal } from './signal.js';
import { Signals } from './signal-relay.js';

export interface Parcel {
  to: By;
  signals?: Signal[];
  media?: Media;
}

interface Held {
  parcel: Parcel;
  session: Session;
  bytes: number;
}

const MIB = 1_048_576;
/** Memory for parcels that wait. Whoever sent them keeps them, and gives them again when they were not taken. */
const HELD = { perUser: 8 * MIB, total: 64 * MIB, heapParts: 8 };
/** What a parcel takes besides its texts, and each of its signals likewise. */
const ENTRY_BYTES = 1_024;

/**
 * What other nodes send to devices here. It comes faster than what they record, and waits until the device has had its
 * sync and has heard that its call was answered.
 */
@Injectable()
export class Parcels {
  private held: Held[] = [];
  private readonly budget = new MemoryBudget({
    perUser: HELD.perUser,
    total: withinHeap(HELD.total, HELD.heapParts),
  });

  constructor(
    private readonly calls: Calls,
    private readonly sessions: Sessions,
    private readonly signals: Signals,
    private readonly media: MediaStates,
  ) {}

  /** @returns whether this node has taken it: the device is connected here, and there is room */
  take(parcel: Parcel): boolean {
    const session = this.sessions.get(parcel.to.userId, parcel.to.deviceId);
    if (!session) {
      // Media is state, and told to the device when it comes.
      if (parcel.media) this.media.fromElsewhere(parcel.to, parcel.media);
      return false;
    }
    const bytes = sizeOf(parcel);
    if (!this.budget.take(senderOf(parcel), bytes)) return false;
    this.held.push({ parcel, session, bytes });
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

  private mustWait({ parcel, session }: Held): boolean {
    const call = this.calls.known(callIdOf(parcel));
    return call?.state !== 'ended' && (!session.synced || (!!call && isUnanswered(call)));
  }

  private deliver(held: Held): void {
    this.release(held);
    const { parcel, session } = held;
    if (this.calls.known(callIdOf(parcel))?.state === 'ended') return;
    if (parcel.media) this.media.fromElsewhere(parcel.to, parcel.media);
    else this.signals.deliverFromElsewhere(session, parcel.signals ?? []);
  }

  private release({ parcel, bytes }: Held): void {
    this.budget.release(senderOf(parcel), bytes);
  }
}

const callIdOf = ({ media, signals }: Parcel): string => media?.state.callId ?? signals?.[0]?.callId ?? '';

const senderOf = ({ media, signals, to }: Parcel): string =>
  media?.state.from.userId ?? signals?.[0]?.from.userId ?? to.userId;

/** A character of text outside Latin-1 makes V8 keep all of it in two bytes. */
const sizeOf = ({ signals = [] }: Parcel): number =>
  signals.reduce((sum, { json }) => sum + 2 * json.length + ENTRY_BYTES, ENTRY_BYTES);
