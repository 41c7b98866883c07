import { Inject, Injectable } from '@nestjs/common';
import type { ExistingCall } from '../../calls/domain/call.js';
import { CLOCK, type Clock } from '../../time/clock.js';
import { RedisBus } from '../../cluster/redis-bus.js';
import { ApiError } from '../../errors/api-error.js';
import { Presence } from '../../presence/presence.js';
import { inTime } from '../../time/deadline.js';
import type { Session } from '../session/sessions.js';
import { SignalMailboxes, keyOf } from './signal-mailbox.js';

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
  /** The live calls of devices that have come while Redis was away. */
  private readonly unasked = new WeakMap<Session, readonly ExistingCall[]>();
  private askAgain: (session: Session, live: readonly ExistingCall[]) => Promise<void> = () =>
    Promise.resolve();

  constructor(
    private readonly mailboxes: SignalMailboxes,
    private readonly bus: RedisBus,
    private readonly presence: Presence,
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

  /** How other nodes are asked once more what a device has said there. */
  onUnasked(ask: (session: Session, live: readonly ExistingCall[]) => Promise<void>): void {
    this.askAgain = ask;
  }

  /**
   * A node that could not be asked because Redis was away may keep what the device has said there: acknowledged, and lost
   * behind anything newer. So the device says nothing more in a call before that node has been asked. Where this node has its
   * count of the call, no other one has taken anything since.
   * @throws ApiError `UNAVAILABLE`
   */
  async untilAsked(session: Session, { callId }: ExistingCall): Promise<void> {
    const liveIfUnasked = (): readonly ExistingCall[] | null => {
      if (this.presence.alone || this.mailboxes.find(callId)?.senders.has(keyOf(session))) return null;
      const live = this.unasked.get(session);
      return live?.some((call) => call.callId === callId) ? live : null;
    };
    const live = liveIfUnasked();
    if (live === null) return;
    await this.askAgain(session, live);
    if (liveIfUnasked() === null) return;
    throw new ApiError(
      'UNAVAILABLE',
      'Another node may keep what the device has said, and cannot be asked now.',
    );
  }

  /** Other nodes were asked, or could not be because Redis is away. */
  asked(session: Session, live: readonly ExistingCall[], redisAway: boolean): void {
    if (redisAway) this.unasked.set(session, live);
    else this.unasked.delete(session);
  }

  /** Not every node could be asked what the device has said there. */
  countOn(session: Session): void {
    session.moved = true;
    for (const [{ call }, sender] of this.mailboxes.sentBy(session))
      sender.seq = Math.max(sender.seq, this.startOf(session, call));
  }
}
