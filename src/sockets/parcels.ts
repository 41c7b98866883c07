import { Injectable } from '@nestjs/common';
import { Calls } from '../calls/calls.js';
import { isUnanswered } from '../calls/domain/call.js';
import { type Session, Sessions } from './sessions.js';
import type { By, Media, Signal } from './signal-lines.js';
import { Signals } from './signals.js';

export interface Parcel {
  to: By;
  signals?: Signal[];
  media?: Media;
}

/** Whoever sent them keeps them; a device that misses them finds them in its next sync. */
const MOST = 10_000;

/**
 * What other nodes send to devices here. It comes faster than what they record, and waits until the device has had its
 * sync and has heard that its call was answered.
 */
@Injectable()
export class Parcels {
  private held: Parcel[] = [];

  constructor(
    private readonly calls: Calls,
    private readonly sessions: Sessions,
    private readonly signals: Signals,
  ) {}

  take(parcel: Parcel): void {
    if (!this.sessions.get(parcel.to.userId, parcel.to.deviceId)) {
      // Media is state, and told to the device when it comes.
      if (parcel.media) this.signals.mediaFromElsewhere(parcel.to, parcel.media);
      return;
    }
    this.held.push(parcel);
    if (this.held.length > MOST) this.held.shift();
    this.look();
  }

  /** A device has had its sync, or a call moved on: what may go now goes, in the order it came. */
  look(): void {
    if (this.held.length === 0) return;
    const held = this.held;
    this.held = [];
    for (const parcel of held) {
      const session = this.sessions.get(parcel.to.userId, parcel.to.deviceId);
      if (!session) continue;
      const callId = parcel.media?.state.callId ?? parcel.signals?.[0]?.callId ?? '';
      const call = this.calls.known(callId);
      if (!session.synced || (call && isUnanswered(call))) this.held.push(parcel);
      else if (parcel.media) this.signals.mediaFromElsewhere(parcel.to, parcel.media);
      else this.signals.deliverFromElsewhere(session, parcel.signals ?? []);
    }
  }

  /** The sync has brought these. */
  synced(session: Session, told: readonly Signal[]): void {
    const same = (a: Signal, b: Signal): boolean =>
      a.seq === b.seq && a.callId === b.callId && a.from.userId === b.from.userId;
    for (const parcel of this.held) {
      if (parcel.to.userId !== session.userId || parcel.to.deviceId !== session.deviceId) continue;
      parcel.signals = parcel.signals?.filter((signal) => !told.some((one) => same(one, signal)));
    }
    this.look();
  }
}
