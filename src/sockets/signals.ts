import { Inject, Injectable } from '@nestjs/common';
import { Calls } from '../calls/calls.js';
import type { ExistingCall } from '../calls/domain/call.js';
import { mediaDevice } from '../calls/domain/decide.js';
import { CallRefused } from '../calls/domain/refusal.js';
import { CLOCK, type Clock } from '../clock.js';
import { Bus } from '../cluster/bus.js';
import { inTime } from '../deadline.js';
import { Failure } from '../failure.js';
import { type Session, Sessions, actorOf } from './sessions.js';
import {
  type By,
  ELSEWHERE,
  type Handover,
  type Kept,
  type Line,
  type Media,
  type MediaState,
  type Sender,
  type Signal,
  SignalLines,
  deviceInCall,
  keepLatest,
  makeRoom,
  mediaFor,
  sendersTo,
  targetOf,
} from './signal-lines.js';

const ACK_TIMEOUT_MS = 10_000;
/** A client that never acknowledges has received what was sent this long before its connection broke. */
const PRESUMED_RECEIVED_MS = 2_000;
/** How long a device that has just come waits until it is known what it has said elsewhere. */
const SYNC_MS = 1_500;
/** What is known of a dead node's devices is forgotten a minute after its lease has ended; until then it is certain. */
const CERTAIN_MS = 60_000;

/** Passes offers, answers and candidates between the two devices of a call, in order, until they are acknowledged. */
@Injectable()
export class Signals {
  private readonly lines = new SignalLines();
  private readonly bootedAt: number;
  /** Devices that have said something before their sync, by connection. */
  private readonly waiting = new Map<string, (() => void)[]>();

  constructor(
    private readonly calls: Calls,
    private readonly sessions: Sessions,
    private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.bootedAt = clock.now();
  }

  /** @throws CallRefused, or Failure `RATE_LIMITED` when too many are waiting already */
  async send(session: Session, callId: string, signal: unknown, bytes: number): Promise<number> {
    if (this.bus.clustered && !session.synced) await this.untilSynced(session);
    const call = await this.partOf(session, callId);
    const newest = this.sessions.get(session.userId, session.deviceId);
    // Nobody waits for the answer any more, and what the next connection has said must not be followed by this.
    if (newest !== session && (newest !== undefined || this.bus.clustered))
      throw new Failure('UNAVAILABLE', 'The connection has been replaced.');
    const line = this.lines.ofCall(call);
    const sender = this.lines.sender(line, session, () => this.startOf(session, call));
    makeRoom(sender, call, bytes, this.isAcknowledged(call, sender));
    const seq = ++sender.seq;
    sender.kept.push({
      ...{ signal: { callId: call.callId, seq, from: sender.from, signal }, bytes },
      sentOn: null,
      sentAt: 0,
    });
    this.deliver(line, sender);
    return seq;
  }

  /** Mute, camera and hold are state: the last one counts, and is told again to a device that comes back. */
  async media(session: Session, state: Omit<MediaState, 'from'>): Promise<ExistingCall> {
    const call = await this.partOf(session, state.callId);
    if (call.state !== 'answered') throw new CallRefused('NOT_ANSWERED');
    const from = { userId: session.userId, deviceId: session.deviceId };
    const line = this.lines.ofCall(call);
    const media = { state: { ...state, callId: call.callId, from }, at: this.clock.now() };
    keepLatest(line, media);
    this.tellMedia(line, media);
    return call;
  }

  /** The call moved on: its answer opens the line between two devices, its end removes everything. */
  callChanged(call: ExistingCall): void {
    const line = this.lines.find(call.callId);
    if (!line || call.version < line.call.version) return;
    if (call.state === 'ended') return this.lines.forget(call);
    line.call = call;
    if (call.state !== 'answered') return;
    for (const [key, sender] of line.senders) {
      const { userId, deviceId } = sender.from;
      if (deviceId === deviceInCall(call, userId)) this.deliver(line, sender);
      else line.senders.delete(key);
    }
  }

  /**
   * What waits for a device, for its `sync`. From here on it counts as sent on this connection.
   * @returns the signals, and what to call once the device has acknowledged the sync
   */
  waitingFor(session: Session, elsewhere: Signal[] = []): { signals: Signal[]; acknowledged: () => void } {
    const found: Kept[] = [];
    for (const line of this.lines.of(session)) {
      for (const sender of sendersTo(line, session)) {
        for (const kept of sender.kept) {
          if (kept.sentOn === session.connectionId) continue; // on its way already, over the same connection
          this.sent(kept, session);
          found.push(kept);
        }
      }
    }
    const signals = [...found.map(({ signal }) => signal), ...elsewhere];
    const acknowledged = (): void => {
      if (session.acknowledges === 'nothing') session.acknowledges = 'messages';
      if (signals.length > 0) session.acknowledges = 'signals';
      for (const signal of signals) this.received(signal);
    };
    return { signals, acknowledged };
  }

  /** The device has had its sync: what it has said meanwhile goes on, and it hears what the others have muted. */
  synced(session: Session): void {
    for (const go of this.waiting.get(session.connectionId) ?? []) go();
    this.waiting.delete(session.connectionId);
    for (const line of this.lines.of(session)) {
      for (const { state } of mediaFor(line, session)) session.socket.emit('call:media', state);
    }
  }

  /** A connection is gone. What it never acknowledged waits for the next one, unless this client acknowledges nothing. */
  disconnected(session: Session, cleanly: boolean): void {
    this.waiting.delete(session.connectionId);
    const acknowledges = session.acknowledges !== 'nothing';
    const settledBefore = cleanly ? Infinity : this.clock.now() - PRESUMED_RECEIVED_MS;
    for (const line of this.lines.of(session)) {
      for (const sender of line.senders.values()) {
        sender.kept = sender.kept.filter(
          ({ sentOn, sentAt }) => sentOn !== session.connectionId || acknowledges || sentAt >= settledBefore,
        );
        for (const kept of sender.kept) if (kept.sentOn === session.connectionId) kept.sentOn = null;
      }
    }
  }

  /** What other nodes keep for a device that has just connected here, and what it has said there; asked only in a call. */
  async waitingElsewhere(session: Session, calls: readonly ExistingCall[]): Promise<Signal[]> {
    const live = calls.filter(({ state }) => state !== 'ended');
    if (!this.bus.clustered || live.length === 0) return [];
    const { userId, deviceId } = session;
    const { answers, complete } = await this.bus.ask<Handover>('arrived', { userId, deviceId });
    const [said, muted] = [answers.flatMap((given) => given.said), answers.flatMap((given) => given.muted)];
    const media = answers.flatMap((given) => given.media);
    for (const call of live) {
      const concerns = ({ callId }: { callId: string }): boolean => callId === call.callId;
      if (![...muted, ...media].some(({ state }) => concerns(state)) && !said.some(concerns)) continue;
      this.lines.takeOver(session, call, { said, muted: [...muted, ...media] });
    }
    if (!complete) this.countOn(session);
    for (const [line, sender] of this.sendersOf(session)) {
      const target = targetOf(line.call, sender.from);
      const here = target && this.sessions.get(target.userId, target.deviceId);
      // What the other node had sent already has come over this connection, or with its sync.
      if (here) for (const kept of sender.kept) if (kept.sentOn === ELSEWHERE) this.sent(kept, here);
      this.deliver(line, sender);
    }
    return answers.flatMap((given) => given.signals);
  }

  /** A device that was connected here, or is being sent something from here, has connected to another node. */
  handOver(to: By): Handover {
    return this.lines.handOver(to);
  }

  /** Another node has signals for a device that is here, and keeps them until they are acknowledged. */
  deliverFromElsewhere(session: Session, signals: Signal[]): void {
    for (const signal of signals) this.emit(session, signal);
  }

  /** Another node's media state, for a device that may be here. */
  mediaFromElsewhere(to: By, media: Media): void {
    const known = this.calls.known(media.state.callId);
    if (known && known.state !== 'ended') keepLatest(this.lines.ofCall(known), media);
    const session = this.sessions.get(to.userId, to.deviceId);
    if (session?.synced) session.socket.emit('call:media', media.state);
  }

  /** A device on another node has received a sender's signals up to this one. */
  receivedElsewhere(signal: Pick<Signal, 'callId' | 'from' | 'seq'>): void {
    this.lines.received(signal);
  }

  /** Other nodes can be told again: what had to wait goes out, in order. */
  flush(): void {
    for (const line of this.lines.all()) {
      for (const sender of line.senders.values()) this.deliver(line, sender);
      for (const media of line.media.values()) this.tellMedia(line, media);
    }
  }

  private async partOf(session: Session, callId: string): Promise<ExistingCall> {
    const by = actorOf(session);
    const known = this.calls.known(callId);
    try {
      if (known) return mediaDevice(known, by);
    } catch (error) {
      // What this node remembers may be old: refuse only on what is recorded now.
      if (!(error instanceof CallRefused)) throw error;
    }
    return mediaDevice(await this.calls.load(callId), by);
  }

  /** Until it is known what the device has said on other nodes, its count cannot go on. */
  private async untilSynced({ connectionId }: Session): Promise<void> {
    const synced = new Promise<void>((resolve) =>
      this.waiting.set(connectionId, [...(this.waiting.get(connectionId) ?? []), resolve]),
    );
    await inTime(synced, SYNC_MS);
  }

  /**
   * Where the count of a device begins: at 0, unless it may have counted on a node that is gone, and a count from 0 would
   * look like repetitions. A number of milliseconds is beyond anything counted before: nobody sends one each millisecond.
   */
  private startOf({ connectedAt, moved }: Session, { initiatedAt }: ExistingCall): number {
    const sure = this.bus.clustered
      ? connectedAt <= initiatedAt || (!moved && connectedAt - initiatedAt < CERTAIN_MS)
      : this.bootedAt <= initiatedAt;
    return sure ? 0 : Math.ceil(this.clock.now() - initiatedAt);
  }

  /** Not every node could be asked what the device has said there. */
  private countOn(session: Session): void {
    session.moved = true;
    for (const [{ call }, sender] of this.sendersOf(session))
      sender.seq = Math.max(sender.seq, this.startOf(session, call));
  }

  /** The device as a sender, in each of its calls. */
  private *sendersOf({ userId, deviceId }: By): Iterable<[Line, Sender]> {
    for (const line of this.lines.of({ userId })) {
      for (const sender of line.senders.values())
        if (sender.from.userId === userId && sender.from.deviceId === deviceId) yield [line, sender];
    }
  }

  /** Whether the device that a sender's signals are for has acknowledged any on this connection. */
  private isAcknowledged(call: ExistingCall, { from }: Sender): boolean {
    const target = targetOf(call, from);
    return !!target && this.sessions.get(target.userId, target.deviceId)?.acknowledges === 'signals';
  }

  private deliver(line: Line, sender: Sender): void {
    const target = targetOf(line.call, sender.from);
    if (!target) return;
    const session = this.sessions.get(target.userId, target.deviceId);
    if (session?.synced) {
      for (const kept of sender.kept) {
        if (kept.sentOn === session.connectionId) continue;
        this.sent(kept, session);
        this.emit(session, kept.signal);
      }
    } else if (!session && this.bus.connected) {
      const unsent = sender.kept.filter(({ sentOn }) => sentOn === null);
      for (const kept of unsent) kept.sentOn = ELSEWHERE;
      if (unsent.length === 0) return;
      const parcel = { to: target, signals: unsent.map(({ signal }) => signal) };
      void this.bus.tell('signals', parcel).then((told) => {
        if (told) return;
        for (const kept of unsent) if (kept.sentOn === ELSEWHERE) kept.sentOn = null; // with the next flush
      });
    }
  }

  private emit(session: Session, signal: Signal): void {
    session.socket.timeout(ACK_TIMEOUT_MS).emit('call:signal', signal, (error: Error | null) => {
      if (error) return;
      session.acknowledges = 'signals';
      this.received(signal);
    });
  }

  private sent(kept: Kept, session: Session): void {
    kept.sentOn = session.connectionId;
    kept.sentAt = this.clock.now();
  }

  /** Told to whoever keeps it. */
  private received({ callId, from, seq }: Signal): void {
    if (!this.lines.received({ callId, from, seq })) void this.bus.tell('received', { callId, from, seq });
  }

  private tellMedia({ call }: Line, media: Media): void {
    const target = targetOf(call, media.state.from);
    if (!target) return;
    const session = this.sessions.get(target.userId, target.deviceId);
    if (session?.synced) session.socket.emit('call:media', media.state);
    else if (!session) void this.bus.tell('media', { to: target, media });
  }
}
