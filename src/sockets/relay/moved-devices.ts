import { Injectable } from '@nestjs/common';
import type { ExistingCall } from '../../calls/domain/call.js';
import { RedisBus } from '../../cluster/redis-bus.js';
import { Log } from '../../log/log.js';
import { SenderCounts } from './sender-counts.js';
import { type Session, Sessions } from '../session/sessions.js';
import { type By, type Handover, type Signal, targetOf } from './signal.js';
import {
  ELSEWHERE,
  SignalMailboxes,
  keepLatest,
  keyOf,
  mediaFor,
  sendersTo,
  signalOf,
} from './signal-mailbox.js';
import { SignalRelay } from './signal-relay.js';

/** Bytes of waiting signals in one answer to another node. What waits beyond follows, as signals to other nodes do. */
const HANDED_BYTES = 2 * 1_048_576;

/** Signals of devices that connect to one node after the other during a call. */
@Injectable()
export class MovedDevices {
  constructor(
    private readonly mailboxes: SignalMailboxes,
    private readonly counts: SenderCounts,
    private readonly signals: SignalRelay,
    private readonly sessions: Sessions,
    private readonly bus: RedisBus,
    private readonly log: Log,
  ) {
    counts.onUnasked(async (session, live) =>
      signals.deliverFromElsewhere(session, await this.arrived(session, live)),
    );
  }

  /**
   * Asks the other nodes what they keep for a device that has just connected here, and what it has said there; only for a
   * device in a call, and once per connection.
   * @returns what waits for the device
   */
  async arrived(session: Session, calls: readonly ExistingCall[]): Promise<Signal[]> {
    const live = calls.filter(({ state }) => state !== 'ended');
    if (!this.bus.clustered || session.askedOthers || live.length === 0) return [];
    const { userId, deviceId } = session;
    // A node that answers has given away what it kept, also when its answer is late.
    const late = (given: Handover): void =>
      this.signals.deliverFromElsewhere(session, this.receive(session, live, [given]));
    const { answers, complete, redisAway } = await this.bus.ask<Handover>(
      'arrived',
      { userId, deviceId },
      late,
    );
    session.askedOthers = complete;
    this.counts.asked(session, live, redisAway);
    const signals = this.receive(session, live, answers);
    if (!complete) this.counts.countOn(session);
    return signals;
  }

  /** Other nodes have handed over what they kept of a device and for it. @returns what waits for it */
  private receive(session: Session, live: readonly ExistingCall[], answers: readonly Handover[]): Signal[] {
    this.takeOver(session, live, answers);
    for (const [mailbox, sender] of this.mailboxes.sentBy(session)) {
      const target = targetOf(mailbox.call, sender.from);
      const here = target && this.sessions.get(target.userId, target.deviceId);
      // What the other node had sent already has come over this connection, or with its sync.
      if (here) for (const kept of sender.kept) if (kept.sentOn === ELSEWHERE) this.signals.sent(kept, here);
      this.signals.deliver(mailbox, sender);
    }
    return answers.flatMap((given) => given.signals);
  }

  /** The device has connected to another node: what waits for it is told there, and what it says is counted there. */
  handOver(to: By): Handover {
    const given: Handover = { signals: [], media: [], said: [], muted: [] };
    let room = HANDED_BYTES;
    for (const mailbox of this.mailboxes.of(to)) {
      const { callId } = mailbox.call;
      for (const sender of sendersTo(mailbox, to)) {
        for (const kept of sender.kept) {
          room -= kept.json.length;
          kept.sentOn = room < 0 ? null : ELSEWHERE;
          if (room >= 0) given.signals.push(signalOf(mailbox, sender, kept));
        }
      }
      given.media.push(...mediaFor(mailbox, to));
      const own = mailbox.senders.get(keyOf(to));
      if (own) {
        const kept = own.kept.map(({ seq, json, sentOn }) => ({
          seq,
          json: json.toString(),
          sent: sentOn !== null,
        }));
        given.said.push({ callId, seq: own.seq, kept });
        this.mailboxes.remove(mailbox, to);
      }
      const muted = mailbox.media.get(to.userId);
      if (muted?.state.from.deviceId === to.deviceId) {
        mailbox.media.delete(to.userId);
        given.muted.push(muted);
      }
    }
    setImmediate(() => this.signals.arrivedElsewhere(to)); // what had no room follows behind this answer
    return given;
  }

  private takeOver(session: Session, live: readonly ExistingCall[], answers: readonly Handover[]): void {
    const said = answers.flatMap((given) => given.said);
    const media = answers.flatMap((given) => [...given.muted, ...given.media]);
    let lost = 0;
    for (const call of live) {
      const ofCall = said.filter(({ callId }) => callId === call.callId);
      const mediaOfCall = media.filter(({ state }) => state.callId === call.callId);
      if (ofCall.length === 0 && mediaOfCall.length === 0) continue;
      const mailbox = this.mailboxes.open(call);
      if (!mailbox) continue; // it has ended meanwhile
      for (const one of ofCall) lost += this.mailboxes.continueFrom(mailbox, session, one);
      for (const one of mediaOfCall) keepLatest(mailbox, one);
    }
    if (lost > 0)
      this.log.warnRarely('no memory for signals of a device that came from another node', { signals: lost });
  }
}
