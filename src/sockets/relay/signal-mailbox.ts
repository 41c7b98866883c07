import type { ExistingCall } from '../../calls/domain/call.js';
import { CallRefused } from '../../calls/domain/refusal.js';
import { ApiError } from '../../errors/api-error.js';
import { MemoryBudget, withinHeap } from '../../limits/memory-budget.js';
import { type By, type Media, type Said, type Signal, type SignalId, targetOf } from './signal.js';
import { MAX_SIGNAL_BYTES } from '../../protocol/commands.js';

/** A signal that waits until the other device has acknowledged it. */
export interface Kept {
  seq: number;
  /** Bytes of JSON, outside of V8's heap. */
  json: Buffer;
  /** The connection it went out on, or {@link ELSEWHERE}; not yet acknowledged. */
  sentOn: string | null;
  sentAt: number;
}

export interface Sender {
  from: By;
  seq: number;
  kept: Kept[];
  /** What `kept` takes in memory. */
  bytes: number;
}

/** What two devices have to say to each other in one call. */
export interface Mailbox {
  call: ExistingCall;
  senders: Map<string, Sender>;
  /** By user. */
  media: Map<string, Media>;
}

/** Signals that wait for the answer, per sender and call. */
const KEPT_BEFORE_ANSWER = 64;
const KEPT_AFTER_ANSWER = 256;
/** What a signal takes besides its JSON: a buffer of its own and its place in the list (measured: 450 bytes). */
const ENTRY_BYTES = 512;
/** As many of the largest signals as may wait before the answer. */
const KEPT_BYTES = KEPT_BEFORE_ANSWER * (MAX_SIGNAL_BYTES + ENTRY_BYTES);

const MIB = 1_048_576;
/** Memory for signals that wait. The 64 largest of one call take a little more than 4 MiB. */
const WAITING = { perUser: 8 * MIB, total: 256 * MIB, heapParts: 4 };

export const waitingSignals = (): MemoryBudget =>
  new MemoryBudget({ perUser: WAITING.perUser, total: withinHeap(WAITING.total, WAITING.heapParts) });

/** In place of a connection: another node has taken it for the device. */
export const ELSEWHERE = 'elsewhere';

export const keyOf = ({ userId, deviceId }: By): string => JSON.stringify([userId, deviceId]);
const bytesOf = ({ json }: Kept): number => json.length + ENTRY_BYTES;

/** The mailboxes of the live calls of this node, in memory and nowhere else: SDP never touches the disk. */
export class SignalMailboxes {
  private readonly mailboxes = new Map<string, Mailbox>();
  private readonly callsOf = new Map<string, Set<string>>();

  /**
   * @param calls what this node knows of calls: a mailbox is opened late, when its call may have ended meanwhile
   * @param budget what all signals that wait may take, counted for the user who sent them
   */
  constructor(
    private readonly calls: { known(callId: string): ExistingCall | undefined },
    private readonly budget: MemoryBudget,
  ) {}

  all(): Iterable<Mailbox> {
    return this.mailboxes.values();
  }

  find(callId: string): Mailbox | undefined {
    return this.mailboxes.get(callId);
  }

  *of({ userId }: { userId: string }): Iterable<Mailbox> {
    for (const callId of this.callsOf.get(userId) ?? []) yield this.mailboxes.get(callId)!;
  }

  /** The device as a sender, in each of its calls. */
  *sentBy({ userId, deviceId }: By): Iterable<[Mailbox, Sender]> {
    for (const mailbox of this.of({ userId })) {
      const sender = mailbox.senders.get(keyOf({ userId, deviceId }));
      if (sender) yield [mailbox, sender];
    }
  }

  /** The mailbox of a call, opened if need be; it has the newest state this node knows. Null when the call is over. */
  open(told: ExistingCall): Mailbox | null {
    const known = this.calls.known(told.callId);
    const call = known && known.version > told.version ? known : told;
    if (call.state === 'ended') return null;
    const opened = this.mailboxes.get(call.callId);
    if (opened) {
      if (call.version > opened.call.version) opened.call = call;
      return opened;
    }
    const mailbox: Mailbox = { call, senders: new Map(), media: new Map() };
    this.mailboxes.set(call.callId, mailbox);
    for (const { userId } of [call.caller, call.callee]) {
      this.callsOf.set(userId, (this.callsOf.get(userId) ?? new Set()).add(call.callId));
    }
    return mailbox;
  }

  /** @throws CallRefused when the call is over */
  ofCall(call: ExistingCall): Mailbox {
    const mailbox = this.open(call);
    if (mailbox) return mailbox;
    throw new CallRefused('CALL_ALREADY_ENDED');
  }

  forget({ callId, caller, callee }: ExistingCall): void {
    const mailbox = this.mailboxes.get(callId);
    for (const sender of mailbox?.senders.values() ?? []) this.retain(sender, () => false);
    this.mailboxes.delete(callId);
    for (const { userId } of [caller, callee]) {
      const calls = this.callsOf.get(userId);
      calls?.delete(callId);
      if (calls?.size === 0) this.callsOf.delete(userId);
    }
  }

  /** Lines of calls that began before this, in milliseconds since the epoch: no call lives so long. */
  forgetBefore(initiatedAt: number): void {
    for (const { call } of this.mailboxes.values()) if (call.initiatedAt < initiatedAt) this.forget(call);
  }

  /**
   * Keeps one more signal. To a client that never acknowledges, the oldest one that was sent makes room: it has most
   * likely arrived.
   * @param start where the count of this sender begins, should this be its first signal here
   * @throws ApiError `RATE_LIMITED` when too many wait already
   */
  keep(mailbox: Mailbox, from: By, json: string, options: { start: number; acknowledged: boolean }): Sender {
    const { userId, deviceId } = from;
    const key = keyOf(from);
    const sender = mailbox.senders.get(key) ?? {
      from: { userId, deviceId },
      seq: options.start,
      kept: [],
      bytes: 0,
    };
    const kept: Kept = { seq: sender.seq + 1, json: bufferOf(json), sentOn: null, sentAt: 0 };
    this.makeRoom(mailbox, sender, kept, options.acknowledged);
    mailbox.senders.set(key, sender);
    sender.seq = kept.seq;
    this.add(sender, kept);
    return sender;
  }

  /** Keeps of a sender's signals those; the others are done with. */
  retain(sender: Sender, keep: (kept: Kept) => boolean): void {
    const before = sender.bytes;
    sender.kept = sender.kept.filter(keep);
    sender.bytes = sender.kept.reduce((sum, kept) => sum + bytesOf(kept), 0);
    this.budget.release(sender.from.userId, before - sender.bytes);
  }

  remove(mailbox: Mailbox, from: By): void {
    const sender = mailbox.senders.get(keyOf(from));
    if (sender) this.retain(sender, () => false);
    mailbox.senders.delete(keyOf(from));
  }

  /** The device has everything of this sender up to `seq`. False when the sender has moved to another node. */
  received({ callId, from, seq }: SignalId): boolean {
    const sender = this.mailboxes.get(callId)?.senders.get(keyOf(from));
    if (!sender) return false;
    this.retain(sender, (kept) => kept.seq > seq);
    return true;
  }

  /**
   * Goes on from what another node has counted and kept of a device that is here now.
   * @returns how many signals this node has no memory for
   */
  continueFrom(mailbox: Mailbox, { userId, deviceId }: By, { seq, kept }: Said): number {
    const key = keyOf({ userId, deviceId });
    const sender = mailbox.senders.get(key) ?? { from: { userId, deviceId }, seq: 0, kept: [], bytes: 0 };
    mailbox.senders.set(key, sender);
    sender.seq = Math.max(sender.seq, seq);
    let lost = 0;
    for (const { seq: nr, json, sent } of kept) {
      const moved = { seq: nr, json: bufferOf(json), sentOn: sent ? ELSEWHERE : null, sentAt: 0 };
      if (this.budget.takeOver(userId, bytesOf(moved))) this.add(sender, moved);
      else lost++;
    }
    sender.kept.sort((one, other) => one.seq - other.seq);
    return lost;
  }

  private add(sender: Sender, kept: Kept): void {
    sender.kept.push(kept);
    sender.bytes += bytesOf(kept);
  }

  private makeRoom({ call }: Mailbox, sender: Sender, next: Kept, acknowledged: boolean): void {
    const most = call.state === 'answered' ? KEPT_AFTER_ANSWER : KEPT_BEFORE_ANSWER;
    while (sender.kept.length >= most || sender.bytes + bytesOf(next) > KEPT_BYTES) {
      const [oldest] = sender.kept;
      if (!oldest?.sentOn || acknowledged) {
        const message = `${sender.kept.length} signals wait for the other side already; send fewer, or wait for the answer.`;
        throw new ApiError('RATE_LIMITED', message, { retryAfterMs: 1_000 });
      }
      this.retain(sender, (kept) => kept !== oldest);
    }
    if (this.budget.take(sender.from.userId, bytesOf(next))) return;
    const message = 'Too much of yours waits for other devices already.';
    throw new ApiError('RATE_LIMITED', message, { retryAfterMs: 1_000 });
  }
}

/** Not from Node's pool: one small signal would keep eight kilobytes of it. */
function bufferOf(json: string): Buffer {
  const buffer = Buffer.allocUnsafeSlow(Buffer.byteLength(json));
  buffer.write(json);
  return buffer;
}

export const signalOf = ({ call }: Mailbox, { from }: Sender, { seq, json }: Kept): Signal => ({
  callId: call.callId,
  seq,
  from,
  json: json.toString(),
});

export function keepLatest({ media }: Mailbox, told: Media): void {
  const { userId } = told.state.from;
  if (told.at >= (media.get(userId)?.at ?? 0)) media.set(userId, told);
}

/** Those whose signals are for this device. */
export function* sendersTo(mailbox: Mailbox, to: By): Iterable<Sender> {
  for (const sender of mailbox.senders.values()) if (isFor(mailbox.call, sender.from, to)) yield sender;
}

export function* mediaFor(mailbox: Mailbox, to: By): Iterable<Media> {
  for (const media of mailbox.media.values()) if (isFor(mailbox.call, media.state.from, to)) yield media;
}

function isFor(call: ExistingCall, from: By, to: By): boolean {
  const target = targetOf(call, from);
  return target?.userId === to.userId && target.deviceId === to.deviceId;
}
