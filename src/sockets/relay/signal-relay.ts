import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Calls } from '../../calls/calls.js';
import type { ExistingCall } from '../../calls/domain/call.js';
import { CLOCK, type Clock } from '../../time/clock.js';
import { RedisBus } from '../../cluster/redis-bus.js';
import { CONFIG, type Config } from '../../config/config.js';
import { Presence } from '../../presence/presence.js';
import { ApiError } from '../../errors/api-error.js';
import { partInCall } from '../session/part-in-call.js';
import { RemoteDelivery } from './remote-delivery.js';
import { SenderCounts } from './sender-counts.js';
import { type Session, Sessions } from '../session/sessions.js';
import { type By, type Signal, type SignalId, deviceInCall, messageOf, targetOf } from './signal.js';
import {
  ELSEWHERE,
  type Kept,
  type Mailbox,
  type Sender,
  SignalMailboxes,
  sendersTo,
  signalOf,
} from './signal-mailbox.js';

const MIB = 1_048_576;
/** In one sync. What waits beyond follows when the device has acknowledged the sync. */
const SYNC_BYTES = 8 * MIB;
/** Sent at once after that: less than what may be unread on a connection. */
const FOLLOWING_BYTES = 4 * MIB;
const ACK_TIMEOUT_MS = 10_000;
/** A client that never acknowledges has received what was sent this long before its connection broke. */
const PRESUMED_RECEIVED_MS = 2_000;
const SWEEP_MS = 60_000;
/** The longest ring, and time for a job that is late. */
const LONGEST_RING_MS = 180_000 + 600_000;

/** Passes offers, answers and candidates between the two devices of a call, in order, until they are acknowledged. */
@Injectable()
export class SignalRelay implements OnModuleDestroy {
  private readonly remote: RemoteDelivery;
  private readonly sweeper = setInterval(() => this.sweep(), SWEEP_MS).unref();

  constructor(
    private readonly calls: Calls,
    private readonly sessions: Sessions,
    private readonly bus: RedisBus,
    private readonly presence: Presence,
    private readonly mailboxes: SignalMailboxes,
    private readonly counts: SenderCounts,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.remote = new RemoteDelivery(mailboxes, bus, presence, (mailbox, sender) =>
      this.deliver(mailbox, sender),
    );
  }

  onModuleDestroy(): void {
    clearInterval(this.sweeper);
  }

  /**
   * @param json the signal as JSON text
   * @returns its number
   * @throws CallRefused
   * @throws ApiError `RATE_LIMITED` when too many are waiting already, `UNAVAILABLE` when the device cannot be reached now
   */
  async send(session: Session, callId: string, json: string): Promise<number> {
    await this.counts.untilKnown(session);
    const call = await partInCall(this.calls, session, callId);
    await this.counts.untilAsked(session, call);
    await this.checkReachable(call, session);
    const newest = this.sessions.get(session.userId, session.deviceId);
    // Nobody waits for the answer any more, and what the next connection has said must not be followed by this.
    if (newest !== session && (newest !== undefined || this.bus.clustered))
      throw new ApiError('UNAVAILABLE', 'The connection has been replaced.');
    const mailbox = this.mailboxes.ofCall(call);
    const start = this.counts.startOf(session, mailbox.call);
    const acknowledged = this.isAcknowledged(mailbox.call, session);
    const sender = this.mailboxes.keep(mailbox, session, json, { start, acknowledged });
    this.deliver(mailbox, sender);
    return sender.seq;
  }

  /** The call moved on: its answer opens the mailbox between two devices, its end removes everything. */
  callChanged(call: ExistingCall): void {
    if (call.state === 'ended') {
      for (const { userId } of [call.caller, call.callee])
        for (const session of this.sessions.of(userId)) session.lastSignal?.delete(call.callId);
      return this.mailboxes.forget(call);
    }
    const mailbox = this.mailboxes.find(call.callId);
    if (!mailbox || call.version < mailbox.call.version) return;
    mailbox.call = call;
    if (call.state !== 'answered') return;
    for (const sender of [...mailbox.senders.values()]) {
      const { userId, deviceId } = sender.from;
      if (deviceId === deviceInCall(call, userId)) this.deliver(mailbox, sender);
      else this.mailboxes.remove(mailbox, sender.from);
    }
  }

  /**
   * What waits for a device, for its `sync`. From here on it counts as sent on this connection.
   * @returns the signals, and what to call once the device has acknowledged the sync
   */
  waitingFor(session: Session, elsewhere: Signal[] = []): { signals: Signal[]; acknowledged: () => void } {
    const live = elsewhere.filter(({ callId }) => this.calls.known(callId)?.state !== 'ended');
    const signals = [...this.takeUnsent(session, SYNC_BYTES), ...live]
      .sort((one, other) => one.seq - other.seq)
      .filter((signal) => this.isNews(session, signal));
    const ids = signals.map(({ callId, seq, from }) => ({ callId, seq, from }));
    const acknowledged = (): void => {
      if (session.acknowledges === 'nothing') session.acknowledges = 'messages';
      if (ids.length > 0) session.acknowledges = 'signals';
      for (const id of ids) this.received(id);
      if (ids.length > 0) this.follow(session);
    };
    return { signals, acknowledged };
  }

  /** A connection is gone. What it never acknowledged waits for the next one, unless this client acknowledges nothing. */
  disconnected(session: Session, cleanly: boolean): void {
    this.counts.disconnected(session);
    const acknowledges = session.acknowledges !== 'nothing';
    const settledBefore = cleanly ? Infinity : this.clock.now() - PRESUMED_RECEIVED_MS;
    for (const mailbox of this.mailboxes.of(session)) {
      for (const sender of mailbox.senders.values()) {
        this.mailboxes.retain(
          sender,
          ({ sentOn, sentAt }) => sentOn !== session.connectionId || acknowledges || sentAt >= settledBefore,
        );
        for (const kept of sender.kept) if (kept.sentOn === session.connectionId) kept.sentOn = null;
      }
    }
  }

  /** Another node has signals for a device that is here, and keeps them until they are acknowledged. */
  deliverFromElsewhere(session: Session, signals: Signal[]): void {
    for (const signal of signals)
      if (this.calls.known(signal.callId)?.state !== 'ended') this.emit(session, signal);
  }

  /** A device on another node has received a sender's signals up to this one. */
  receivedElsewhere(id: SignalId): void {
    this.mailboxes.received(id);
  }

  /** A device has connected to another node: what waits for it may go there. */
  arrivedElsewhere(device: By): void {
    this.remote.arrived(device);
    for (const mailbox of this.mailboxes.of(device))
      for (const sender of sendersTo(mailbox, device)) this.deliver(mailbox, sender);
  }

  /** Other nodes can be told again: what had to wait goes out, in order, and with it what may not have arrived. */
  flush(): void {
    this.remote.lookAgain();
    for (const mailbox of this.mailboxes.all()) {
      for (const sender of mailbox.senders.values()) {
        for (const kept of sender.kept) if (kept.sentOn === ELSEWHERE) kept.sentOn = null;
        this.deliver(mailbox, sender);
      }
    }
  }

  /** While Redis is away a device on another node cannot be told: better said now than kept for long. */
  private async checkReachable(call: ExistingCall, from: By): Promise<void> {
    if (!this.bus.clustered || this.bus.connected) return;
    const target = targetOf(call, from);
    if (!target || this.sessions.get(target.userId, target.deviceId)) return;
    if (!(await this.presence.isElsewhere(target))) return;
    throw new ApiError(
      'UNAVAILABLE',
      'The other device is connected to another node, which cannot be told now.',
    );
  }

  /** Whether the device that a sender's signals are for has acknowledged any on this connection. */
  private isAcknowledged(call: ExistingCall, from: By): boolean {
    const target = targetOf(call, from);
    return !!target && this.sessions.get(target.userId, target.deviceId)?.acknowledges === 'signals';
  }

  /** Sends what has not been sent yet to wherever the other device is. */
  deliver(mailbox: Mailbox, sender: Sender): void {
    const target = targetOf(mailbox.call, sender.from);
    if (!target) return;
    const session = this.sessions.get(target.userId, target.deviceId);
    if (!session) return this.remote.give(mailbox, sender, target);
    if (!session.synced) return;
    for (const kept of sender.kept) {
      if (kept.sentOn === session.connectionId) continue;
      this.sent(kept, session);
      this.emit(session, signalOf(mailbox, sender, kept));
    }
  }

  /** What had no room in the device's sync, a part at a time: the next one when this one has been acknowledged. */
  private follow(session: Session): void {
    const signals = this.takeUnsent(session, FOLLOWING_BYTES);
    const last = signals.at(-1);
    for (const signal of signals)
      this.emit(session, signal, signal === last ? () => this.follow(session) : undefined);
  }

  /** Up to so many bytes of what has not been sent to the device on this connection. */
  private takeUnsent(session: Session, mostBytes: number): Signal[] {
    const found: Signal[] = [];
    let bytes = 0;
    for (const mailbox of this.mailboxes.of(session)) {
      for (const sender of sendersTo(mailbox, session)) {
        for (const kept of sender.kept) {
          if (kept.sentOn === session.connectionId) continue; // on its way already, over the same connection
          bytes += kept.json.length;
          if (bytes > mostBytes) return found;
          this.sent(kept, session);
          found.push(signalOf(mailbox, sender, kept));
        }
      }
    }
    return found;
  }

  private emit(session: Session, signal: Signal, acknowledged?: () => void): void {
    if (!this.isNews(session, signal)) return;
    const { callId, seq, from } = signal;
    session.socket.timeout(ACK_TIMEOUT_MS).emit('call:signal', messageOf(signal), (error: Error | null) => {
      if (error) return;
      session.acknowledges = 'signals';
      this.received({ callId, seq, from });
      acknowledged?.();
    });
  }

  /** Notes the signal as told on this connection; false when it was before: another node gives again what it is not sure of. */
  private isNews(session: Session, { callId, seq }: SignalId): boolean {
    const lastSignal = (session.lastSignal ??= new Map<string, number>());
    if (seq <= (lastSignal.get(callId) ?? 0)) return false;
    lastSignal.set(callId, seq);
    return true;
  }

  sent(kept: Kept, session: Session): void {
    kept.sentOn = session.connectionId;
    kept.sentAt = this.clock.now();
  }

  /** Told to whoever keeps it. */
  private received(id: SignalId): void {
    if (!this.mailboxes.received(id)) void this.bus.tell('received', id);
  }

  /** Should the end of a call never have been announced here. */
  private sweep(): void {
    this.mailboxes.forgetBefore(this.clock.now() - this.config.callMaxDurationMs - LONGEST_RING_MS);
  }
}
