import type { AnsweredCall, ExistingCall } from '../calls/domain/call.js';
import { Failure } from '../failure.js';
import { MAX_SIGNAL_BYTES } from './wire.js';

/** As an app receives it. `seq` counts from 1 per call and sending device; an app drops what it has seen. */
export interface Signal {
  callId: string;
  seq: number;
  from: By;
  signal: unknown;
}

export interface MediaState {
  callId: string;
  from: By;
  audio: boolean;
  video: boolean;
  held: boolean;
}

export interface By {
  userId: string;
  deviceId: string;
}

export interface Kept {
  signal: Signal;
  /** Of JSON. */
  bytes: number;
  /** The connection it went out on; not yet acknowledged. */
  sentOn: string | null;
  sentAt: number;
}

export interface Sender {
  from: By;
  seq: number;
  kept: Kept[];
}

/** `at`: milliseconds since the epoch, so that the latest of two nodes' counts. */
export interface Media {
  state: MediaState;
  at: number;
}

/** What two devices have to say to each other in one call. */
export interface Line {
  call: ExistingCall;
  senders: Map<string, Sender>;
  /** By user. */
  media: Map<string, Media>;
}

/** What a node gives to the one a device has moved to: what waits for the device, and what it has said itself. */
export interface Handover {
  signals: Signal[];
  media: Media[];
  said: { callId: string; seq: number; kept: { signal: Signal; bytes: number; sent: boolean }[] }[];
  muted: Media[];
}

/** Signals that wait for the answer, per sender and call. */
const KEPT_BEFORE_ANSWER = 64;
const KEPT_AFTER_ANSWER = 256;
/** As many of the largest signals as may wait before the answer. */
const KEPT_BYTES = KEPT_BEFORE_ANSWER * MAX_SIGNAL_BYTES;

/** In place of a connection: on its way to another node. */
export const ELSEWHERE = 'elsewhere';

const keyOf = ({ userId, deviceId }: By): string => JSON.stringify([userId, deviceId]);

/** The lines of the live calls of this node, in memory and nowhere else: SDP never touches the disk. */
export class SignalLines {
  private readonly lines = new Map<string, Line>();
  private readonly callsOf = new Map<string, Set<string>>();

  all(): Iterable<Line> {
    return this.lines.values();
  }

  find(callId: string): Line | undefined {
    return this.lines.get(callId);
  }

  *of({ userId }: { userId: string }): Iterable<Line> {
    for (const callId of this.callsOf.get(userId) ?? []) yield this.lines.get(callId)!;
  }

  /** The line of a call, opened if need be; it knows the newest state anybody has told it. */
  ofCall(call: ExistingCall): Line {
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

  forget(call: ExistingCall): void {
    this.lines.delete(call.callId);
    for (const { userId } of [call.caller, call.callee]) {
      const calls = this.callsOf.get(userId);
      calls?.delete(call.callId);
      if (calls?.size === 0) this.callsOf.delete(userId);
    }
  }

  sender({ senders }: Line, { userId, deviceId }: By, start: () => number): Sender {
    const key = keyOf({ userId, deviceId });
    const sender = senders.get(key) ?? { from: { userId, deviceId }, seq: start(), kept: [] };
    senders.set(key, sender);
    return sender;
  }

  /** The device has everything of this sender up to `seq`. False when the sender has moved to another node. */
  received({ callId, from, seq }: Pick<Signal, 'callId' | 'from' | 'seq'>): boolean {
    const sender = this.lines.get(callId)?.senders.get(keyOf(from));
    if (!sender) return false;
    sender.kept = sender.kept.filter(({ signal }) => signal.seq > seq);
    return true;
  }

  /** The device has moved to another node: what waits for it is told there, and what it says is counted there. */
  handOver(to: By): Handover {
    const given: Handover = { signals: [], media: [], said: [], muted: [] };
    for (const line of this.of(to)) {
      const { callId } = line.call;
      for (const sender of sendersTo(line, to)) {
        for (const kept of sender.kept) kept.sentOn = ELSEWHERE;
        given.signals.push(...sender.kept.map(({ signal }) => signal));
      }
      given.media.push(...mediaFor(line, to));
      const own = line.senders.get(keyOf(to));
      if (own) {
        line.senders.delete(keyOf(to));
        const kept = own.kept.map(({ signal, bytes, sentOn }) => ({ signal, bytes, sent: sentOn !== null }));
        given.said.push({ callId, seq: own.seq, kept });
      }
      const muted = line.media.get(to.userId);
      if (muted?.state.from.deviceId === to.deviceId) {
        line.media.delete(to.userId);
        given.muted.push(muted);
      }
    }
    return given;
  }

  /** What another node has counted and kept of a device that is here now goes on from there. */
  takeOver(by: By, call: ExistingCall, { said, muted }: Pick<Handover, 'said' | 'muted'>): void {
    const line = this.ofCall(call);
    for (const { callId, seq, kept } of said) {
      if (callId !== call.callId) continue;
      const sender = this.sender(line, by, () => 0);
      sender.seq = Math.max(sender.seq, seq);
      const moved = kept.map(({ signal, bytes, sent }) => ({
        signal,
        bytes,
        sentOn: sent ? ELSEWHERE : null,
        sentAt: 0,
      }));
      sender.kept = [...sender.kept, ...moved].sort((a, b) => a.signal.seq - b.signal.seq);
    }
    for (const media of muted) if (media.state.callId === call.callId) keepLatest(line, media);
  }
}

export function keepLatest({ media }: Line, told: Media): void {
  const { userId } = told.state.from;
  if (told.at >= (media.get(userId)?.at ?? 0)) media.set(userId, told);
}

/**
 * Room for one more signal. The oldest makes it when it was sent to a client that never acknowledges: it has most likely
 * arrived.
 * @throws Failure `RATE_LIMITED`
 */
export function makeRoom(sender: Sender, call: ExistingCall, bytes: number, acknowledged: boolean): void {
  const most = call.state === 'answered' ? KEPT_AFTER_ANSWER : KEPT_BEFORE_ANSWER;
  let keptBytes = sender.kept.reduce((sum, kept) => sum + kept.bytes, bytes);
  while (sender.kept.length >= most || keptBytes > KEPT_BYTES) {
    if (!sender.kept[0]?.sentOn || acknowledged) {
      const message = `${sender.kept.length} signals wait for the other side already; send fewer, or wait for the answer.`;
      throw new Failure('RATE_LIMITED', message, { retryAfterMs: 1_000 });
    }
    keptBytes -= sender.kept.shift()!.bytes;
  }
}

/** Those whose signals are for this device. */
export function* sendersTo(line: Line, to: By): Iterable<Sender> {
  for (const sender of line.senders.values()) if (isFor(line.call, sender.from, to)) yield sender;
}

export function* mediaFor(line: Line, to: By): Iterable<Media> {
  for (const media of line.media.values()) if (isFor(line.call, media.state.from, to)) yield media;
}

/** The device a participant's signals are for: known once the call is answered. */
export function targetOf(call: ExistingCall, from: By): By | null {
  if (call.state !== 'answered') return null;
  const { userId } = from.userId === call.caller.userId ? call.callee : call.caller;
  return { userId, deviceId: deviceInCall(call, userId) };
}

/** The participant's device that is in the call. Devices of the two users may have the same id. */
export const deviceInCall = (call: AnsweredCall, userId: string): string =>
  userId === call.caller.userId ? call.caller.deviceId : call.answeredBy;

function isFor(call: ExistingCall, from: By, to: By): boolean {
  const target = targetOf(call, from);
  return target?.userId === to.userId && target.deviceId === to.deviceId;
}
