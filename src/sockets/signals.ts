import { Inject, Injectable } from '@nestjs/common';
import { Calls } from '../calls/calls.js';
import type { AnsweredCall, ExistingCall } from '../calls/domain/call.js';
import { mediaDevice } from '../calls/domain/decide.js';
import { CallRefused } from '../calls/domain/refusal.js';
import { CLOCK, type Clock } from '../clock.js';
import { Bus } from '../cluster/bus.js';
import { Failure } from '../failure.js';
import { type Session, Sessions, actorOf } from './sessions.js';
import { MAX_SIGNAL_BYTES } from './wire.js';

/** As an app receives it. `seq` counts from 1 per call and sending device; an app drops what it has seen. */
export interface Signal {
  callId: string;
  seq: number;
  from: { userId: string; deviceId: string };
  signal: unknown;
}

export interface MediaState {
  callId: string;
  from: { userId: string; deviceId: string };
  audio: boolean;
  video: boolean;
  held: boolean;
}

interface Kept {
  signal: Signal;
  /** Of JSON. */
  bytes: number;
  /** The connection it went out on; not yet acknowledged. */
  sentOn: string | null;
  sentAt: number;
}

interface Sender {
  from: { userId: string; deviceId: string };
  seq: number;
  kept: Kept[];
}

interface Line {
  call: ExistingCall;
  senders: Map<string, Sender>;
  media: Map<string, MediaState>;
}

interface By {
  userId: string;
  deviceId: string;
}

/** In place of a connection: on its way to another node. */
const ELSEWHERE = 'elsewhere';
/** Signals that wait for the answer, per sender and call. */
const KEPT_BEFORE_ANSWER = 64;
const KEPT_AFTER_ANSWER = 256;
/** As many of the largest signals as may wait before the answer. */
const KEPT_BYTES = KEPT_BEFORE_ANSWER * MAX_SIGNAL_BYTES;
const ACK_TIMEOUT_MS = 10_000;
/** A client that never acknowledges has received what was sent this long before its connection broke. */
const PRESUMED_RECEIVED_MS = 2_000;

/**
 * Passes offers, answers and candidates between the two devices of a call, in order. Kept in memory until they are
 * acknowledged or the call ends, and nowhere else: SDP never touches the disk.
 */
@Injectable()
export class Signals {
  private readonly lines = new Map<string, Line>();
  private readonly callsOf = new Map<string, Set<string>>();
  private readonly bootedAt: number;

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
    const call = await this.partOf(session, callId);
    const newest = this.sessions.get(session.userId, session.deviceId);
    // Nobody waits for the answer any more, and what the next connection has said must not be followed by this.
    if (newest && newest !== session) throw new Failure('UNAVAILABLE', 'The connection has been replaced.');
    const line = this.lineOf(call);
    const sender = this.senderOf(line, session);
    this.makeRoom(sender, call, bytes);
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
    const line = this.lineOf(call);
    line.media.set(session.userId, { ...state, callId: call.callId, from });
    this.tellMedia(line, from.userId);
    return call;
  }

  /** The call moved on: its answer opens the line between two devices, its end removes everything. */
  callChanged(call: ExistingCall): void {
    const line = this.lines.get(call.callId);
    if (!line) return;
    if (call.state === 'ended') {
      this.forget(call);
      return;
    }
    line.call = call;
    if (call.state !== 'answered') return;
    for (const [key, sender] of line.senders) {
      if (sender.from.deviceId === this.deviceInCall(call, sender.from)) this.deliver(line, sender);
      else line.senders.delete(key);
    }
  }

  /**
   * What waits for a device, for its `sync`. From here on it counts as sent on this connection.
   * @returns the signals, and what to call once the device has acknowledged the sync
   */
  waitingFor(session: Session, elsewhere: Signal[] = []): { signals: Signal[]; acknowledged: () => void } {
    const found: { sender: Sender; kept: Kept }[] = [];
    for (const line of this.linesOf(session)) {
      for (const sender of line.senders.values()) {
        if (this.targetOf(line.call, sender)?.deviceId !== session.deviceId) continue;
        if (sender.from.userId === session.userId) continue;
        for (const kept of sender.kept) {
          if (kept.sentOn === session.connectionId) continue; // on its way already, over the same connection
          this.sent(kept, session);
          found.push({ sender, kept });
        }
      }
    }
    const acknowledged = (): void => {
      for (const { sender, kept } of found) this.received(sender, kept.signal.seq, session);
      for (const { callId, from, seq } of elsewhere) this.bus.tell('received', { callId, from, seq });
    };
    return { signals: [...found.map(({ kept }) => kept.signal), ...elsewhere], acknowledged };
  }

  /** After the sync: what the other side has muted or put on hold. */
  tellMediaTo(session: Session): void {
    for (const line of this.linesOf(session)) {
      for (const userId of line.media.keys()) if (userId !== session.userId) this.tellMedia(line, userId);
    }
  }

  /** A connection is gone. What it never acknowledged waits for the next one, unless this client acknowledges nothing. */
  disconnected(session: Session, cleanly: boolean): void {
    const settledBefore = cleanly ? Infinity : this.clock.now() - PRESUMED_RECEIVED_MS;
    for (const line of this.linesOf(session)) {
      for (const sender of line.senders.values()) {
        sender.kept = sender.kept.filter(
          ({ sentOn, sentAt }) =>
            sentOn !== session.connectionId || session.acknowledges || sentAt >= settledBefore,
        );
        for (const kept of sender.kept) if (kept.sentOn === session.connectionId) kept.sentOn = null;
      }
    }
  }

  private async partOf(session: Session, callId: string): Promise<ExistingCall> {
    const by = actorOf(session);
    const known = this.lines.get(callId)?.call ?? this.calls.known(callId);
    try {
      if (known) return mediaDevice(known, by);
    } catch (error) {
      // What this node remembers may be old: refuse only on what is recorded now.
      if (!(error instanceof CallRefused)) throw error;
    }
    return mediaDevice(await this.calls.load(callId), by);
  }

  private lineOf(call: ExistingCall): Line {
    const known = this.lines.get(call.callId);
    if (known) {
      if (call.version > known.call.version) known.call = call;
      return known;
    }
    const line: Line = { call, senders: new Map(), media: new Map() };
    this.lines.set(call.callId, line);
    for (const { userId } of [call.caller, call.callee]) {
      this.callsOf.set(userId, (this.callsOf.get(userId) ?? new Set()).add(call.callId));
    }
    return line;
  }

  private senderOf(line: Line, session: Session): Sender {
    const { userId, deviceId } = session;
    const key = JSON.stringify([userId, deviceId]);
    // After a restart a count from 1 would look like repetitions to the other side. A number of milliseconds is beyond
    // anything counted before, because nobody sends a signal each millisecond.
    // The same goes for a device that moves from one node of a cluster to another.
    const here = this.bus.clustered ? session.connectedAt : this.bootedAt;
    const start = here <= line.call.initiatedAt ? 0 : Math.ceil(this.clock.now() - line.call.initiatedAt);
    const sender = line.senders.get(key) ?? { from: { userId, deviceId }, seq: start, kept: [] };
    line.senders.set(key, sender);
    return sender;
  }

  /** The oldest makes room when it was sent to a client that never acknowledges: it has most likely arrived. */
  private makeRoom(sender: Sender, call: ExistingCall, bytes: number): void {
    const most = call.state === 'answered' ? KEPT_AFTER_ANSWER : KEPT_BEFORE_ANSWER;
    let keptBytes = sender.kept.reduce((sum, kept) => sum + kept.bytes, bytes);
    const target = this.targetOf(call, sender);
    const acknowledges = target && this.sessions.get(target.userId, target.deviceId)?.acknowledges;
    while (sender.kept.length >= most || keptBytes > KEPT_BYTES) {
      if (!sender.kept[0]?.sentOn || acknowledges) {
        const message = `${sender.kept.length} signals wait for the other side already; send fewer, or wait for the answer.`;
        throw new Failure('RATE_LIMITED', message, { retryAfterMs: 1_000 });
      }
      keptBytes -= sender.kept.shift()!.bytes;
    }
  }

  /** The participant's device that is in the call. Devices of the two users may have the same id. */
  private deviceInCall(call: AnsweredCall, { userId }: { userId: string }): string {
    return userId === call.caller.userId ? call.caller.deviceId : call.answeredBy;
  }

  /** The device a sender's signals are for: known once the call is answered. */
  private targetOf(call: ExistingCall, { from }: Sender): By | null {
    if (call.state !== 'answered') return null;
    const { userId } = from.userId === call.caller.userId ? call.callee : call.caller;
    return { userId, deviceId: this.deviceInCall(call, { userId }) };
  }

  private deliver(line: Line, sender: Sender): void {
    const target = this.targetOf(line.call, sender);
    if (!target) return;
    const session = this.sessions.get(target.userId, target.deviceId);
    if (session?.synced) {
      for (const kept of sender.kept)
        if (kept.sentOn !== session.connectionId) this.hand(kept, sender, session);
    } else if (!session && this.bus.connected) {
      const unsent = sender.kept.filter(({ sentOn }) => sentOn === null);
      for (const kept of unsent) kept.sentOn = ELSEWHERE;
      if (unsent.length > 0)
        this.bus.tell('signals', { to: target, signals: unsent.map(({ signal }) => signal) });
    }
  }

  private hand(kept: Kept, sender: Sender, session: Session): void {
    this.sent(kept, session);
    session.socket.timeout(ACK_TIMEOUT_MS).emit('call:signal', kept.signal, (error: Error | null) => {
      if (!error) this.received(sender, kept.signal.seq, session);
    });
  }

  /** Another node has signals for a device that may be here. */
  deliverFromElsewhere({ to, signals }: { to: By; signals: Signal[] }): void {
    const session = this.sessions.get(to.userId, to.deviceId);
    if (!session?.synced) return;
    for (const signal of signals) {
      session.socket.timeout(ACK_TIMEOUT_MS).emit('call:signal', signal, (error: Error | null) => {
        if (error) return;
        session.acknowledges = true;
        this.bus.tell('received', { callId: signal.callId, from: signal.from, seq: signal.seq });
      });
    }
  }

  /** A device on another node has received a sender's signals up to this one. */
  receivedElsewhere({ callId, from, seq }: Pick<Signal, 'callId' | 'from' | 'seq'>): void {
    const sender = this.lines.get(callId)?.senders.get(JSON.stringify([from.userId, from.deviceId]));
    if (sender) sender.kept = sender.kept.filter(({ signal }) => signal.seq > seq);
  }

  /** Other nodes can be told again: what had to wait goes out, in order. */
  flush(): void {
    for (const line of this.lines.values())
      for (const sender of line.senders.values()) this.deliver(line, sender);
  }

  /** What this node keeps for a device that has just connected to another one. */
  keptFor(to: By): Signal[] {
    const found: Signal[] = [];
    for (const line of this.linesOf(to)) {
      for (const sender of line.senders.values()) {
        if (sender.from.userId === to.userId || this.targetOf(line.call, sender)?.deviceId !== to.deviceId)
          continue;
        for (const kept of sender.kept) kept.sentOn = ELSEWHERE;
        found.push(...sender.kept.map(({ signal }) => signal));
      }
    }
    return found;
  }

  /** What other nodes keep for a device that has just connected here; asked only when it is in a call. */
  async waitingElsewhere({ userId, deviceId }: Session, calls: readonly ExistingCall[]): Promise<Signal[]> {
    if (!this.bus.clustered || !calls.some(({ state }) => state === 'answered')) return [];
    return (await this.bus.ask<Signal[]>('signals-for', { userId, deviceId })).flat();
  }

  private sent(kept: Kept, session: Session): void {
    kept.sentOn = session.connectionId;
    kept.sentAt = this.clock.now();
  }

  private received(sender: Sender, seq: number, session: Session): void {
    session.acknowledges = true;
    sender.kept = sender.kept.filter(({ signal }) => signal.seq > seq);
  }

  private tellMedia({ call, media }: Line, fromUserId: string): void {
    const state = media.get(fromUserId);
    const target = state && this.targetOf(call, { from: state.from, seq: 0, kept: [] });
    if (!target) return;
    const session = this.sessions.get(target.userId, target.deviceId);
    if (session) session.socket.emit('call:media', state);
    else this.bus.tell('media', { to: target, state });
  }

  /** Another node's media state, for a device that may be here. */
  tellMediaFromElsewhere({ to, state }: { to: By; state: MediaState }): void {
    this.sessions.get(to.userId, to.deviceId)?.socket.emit('call:media', state);
  }

  private *linesOf({ userId }: { userId: string }): Iterable<Line> {
    for (const callId of this.callsOf.get(userId) ?? []) yield this.lines.get(callId)!;
  }

  private forget(call: ExistingCall): void {
    this.lines.delete(call.callId);
    for (const { userId } of [call.caller, call.callee]) {
      const calls = this.callsOf.get(userId);
      calls?.delete(call.callId);
      if (calls?.size === 0) this.callsOf.delete(userId);
    }
  }
}
