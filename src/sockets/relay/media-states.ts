import { Inject, Injectable } from '@nestjs/common';
import { Calls } from '../../calls/calls.js';
import type { ExistingCall } from '../../calls/domain/call.js';
import { CallRefused } from '../../calls/domain/refusal.js';
import { CLOCK, type Clock } from '../../time/clock.js';
import { RedisBus } from '../../cluster/redis-bus.js';
import { partInCall } from '../session/part-in-call.js';
import { type Session, Sessions } from '../session/sessions.js';
import { type By, type Media, type MediaState, targetOf } from './signal.js';
import { type Mailbox, SignalMailboxes, keepLatest, mediaFor } from './signal-mailbox.js';

/** Mute, camera and hold are state: the last one counts, and is told again to a device that comes back. */
@Injectable()
export class MediaStates {
  constructor(
    private readonly calls: Calls,
    private readonly sessions: Sessions,
    private readonly mailboxes: SignalMailboxes,
    private readonly bus: RedisBus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws CallRefused */
  async change(session: Session, state: Omit<MediaState, 'from'>): Promise<ExistingCall> {
    const call = await partInCall(this.calls, session, state.callId);
    if (call.state !== 'answered') throw new CallRefused('NOT_ANSWERED');
    const mailbox = this.mailboxes.ofCall(call);
    const from = { userId: session.userId, deviceId: session.deviceId };
    const media = { state: { ...state, callId: call.callId, from }, at: this.clock.now() };
    keepLatest(mailbox, media);
    this.tell(mailbox, media);
    return call;
  }

  /** The device has had its sync, and hears what the others have muted. */
  synced(session: Session): void {
    for (const mailbox of this.mailboxes.of(session)) {
      for (const { state } of mediaFor(mailbox, session)) session.socket.emit('call:media', state);
    }
  }

  /** Another node's media state, for a device that may be here. */
  fromElsewhere(to: By, media: Media): void {
    const known = this.calls.known(media.state.callId);
    const mailbox = known && this.mailboxes.open(known);
    if (mailbox) keepLatest(mailbox, media);
    else if (known) return; // it is over
    const session = this.sessions.get(to.userId, to.deviceId);
    if (session?.synced) session.socket.emit('call:media', media.state);
  }

  /** Other nodes can be told again. */
  flush(): void {
    for (const mailbox of this.mailboxes.all())
      for (const media of mailbox.media.values()) this.tell(mailbox, media);
  }

  private tell({ call }: Mailbox, media: Media): void {
    const target = targetOf(call, media.state.from);
    if (!target) return;
    const session = this.sessions.get(target.userId, target.deviceId);
    if (session?.synced) session.socket.emit('call:media', media.state);
    else if (!session) void this.bus.tell('media', { to: target, media });
  }
}
