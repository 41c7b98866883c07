import { Inject, Injectable } from '@nestjs/common';
import type { ExistingCall } from '../../calls/domain/call.js';
import { CLOCK, type Clock } from '../../time/clock.js';
import { Bus } from '../../cluster/redis-bus.js';
import { inTime } from '../../time/deadline.js';
import type { Session } from '../session/sessions.js';
import { SignalLines } from './signal-mailbox.js';

/** How long a device that has just come waits until it is known what it has said elsewhere. */
const SYNC_MS = 1_500;
/** What is known of a dead node's devices is forgotten a minute after its lease has ended; until then it is certain. */
const CERTAIN_MS = 60_000;

/** Where the numbers of a device's signals begin on this node. */
@Injectable()
export class SenderCounts {
  private readonly bootedAt: number;
  /** Devices that have said something before their sync, by connection. */
  private readonly waiting = new Map<string, (() => void)[]>();

  constructor(
    private readonly lines: SignalLines,
    private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.bootedAt = clock.now();
  }

  /** Until it is known what the device has said on other nodes, its count cannot go on. */
  async untilKnown({ synced, connectionId }: Session): Promise<void> {
    if (!this.bus.clustered || synced) return;
    const known = new Promise<void>((resolve) =>
      this.waiting.set(connectionId, [...(this.waiting.get(connectionId) ?? []), resolve]),
    );
    await inTime(known, SYNC_MS);
  }

  known({ connectionId }: Session): void {
    for (const go of this.waiting.get(connectionId) ?? []) go();
    this.waiting.delete(connectionId);
  }

  disconnected({ connectionId }: Session): void {
    this.waiting.delete(connectionId);
  }

  /**
   * Where the count of a device begins: at 0, unless it may have counted on a node that is gone, and a count from 0 would
   * look like repetitions. A number of milliseconds is beyond anything counted before: nobody sends one each millisecond.
   */
  startOf({ connectedAt, moved }: Session, { initiatedAt }: ExistingCall): number {
    const sure = this.bus.clustered
      ? connectedAt <= initiatedAt || (!moved && connectedAt - initiatedAt < CERTAIN_MS)
      : this.bootedAt <= initiatedAt;
    return sure ? 0 : Math.ceil(this.clock.now() - initiatedAt);
  }

  /** Not every node could be asked what the device has said there. */
  countOn(session: Session): void {
    session.moved = true;
    for (const [{ call }, sender] of this.lines.sentBy(session))
      sender.seq = Math.max(sender.seq, this.startOf(session, call));
  }
}
