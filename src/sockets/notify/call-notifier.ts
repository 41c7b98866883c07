import { EventsHandler, type IEventHandler, QueryBus } from '@nestjs/cqrs';
import { CallChanged } from '../../calls/call-changed.js';
import { type CallEvent, type ExistingCall, isUnanswered } from '../../calls/domain/call.js';
import { viewOf } from '../../calls/domain/call-view.js';
import { NameOfDevice } from '../../devices/name-of-device.js';
import { Incoming } from './ring-notifier.js';
import { Parcels } from '../relay/deferred-deliveries.js';
import { type Session, Sessions } from '../session/sessions.js';
import { Signals } from '../relay/signal-relay.js';

/** Tells the devices of both users what has just happened to a call. A message that gets lost is healed by `sync`. */
@EventsHandler(CallChanged)
export class Announcer implements IEventHandler<CallChanged> {
  constructor(
    private readonly sessions: Sessions,
    private readonly signals: Signals,
    private readonly parcels: Parcels,
    private readonly incoming: Incoming,
    private readonly queries: QueryBus,
  ) {}

  handle(change: CallChanged): void {
    this.tellOf(change);
  }

  /** A change of this node's, or one another node recorded. */
  tellOf({ call, events, by }: CallChanged): void {
    const last = events.at(-1)!;
    this.announce(
      call,
      last,
      by && by.deviceId !== null ? { userId: by.userId, deviceId: by.deviceId } : null,
    );
    this.signals.callChanged(call);
    this.parcels.look();
  }

  private announce(call: ExistingCall, event: CallEvent, by: By | null): void {
    const caller = this.sessions.of(call.caller.userId);
    const callee = this.sessions.of(call.callee.userId);
    switch (event.type) {
      case 'CallInitiated':
        // Told late by another node, it may be over already.
        if (isUnanswered(call)) for (const session of callee) this.incoming.tell(session, call);
        return;
      case 'CallRinging':
        return this.tell('call:ringing', [...caller, ...callee], call, by);
      case 'CallAnswered':
        return this.handled('answered', caller, callee, call, by!);
      case 'CallDeclined':
        // Rejected as busy on the callee's behalf: their devices never heard of the call.
        if (event.data.deviceId === null) return this.tell('call:declined', caller, call, null);
        return this.handled('declined', caller, callee, call, by!);
      case 'CallCancelled':
        return this.tell('call:cancelled', [...caller, ...callee], call, by);
      case 'CallMissed':
        return this.tell('call:missed', [...caller, ...callee], call, by);
      case 'CallEnded':
        return this.tell('call:ended', [...caller, ...callee], call, by);
      case 'CallFailed':
        return this.tell('call:failed', [...caller, ...callee], call, by);
    }
  }

  /** The callee acted on one device: their others are told where, and stop ringing. */
  private handled(
    how: 'answered' | 'declined',
    caller: Session[],
    callee: Session[],
    call: ExistingCall,
    by: By,
  ): void {
    const acting = callee.filter(({ deviceId }) => deviceId === by.deviceId);
    const others = callee.filter(({ deviceId }) => deviceId !== by.deviceId);
    this.tell(`call:${how}`, [...caller, ...acting], call, by);
    if (others.length === 0) return;
    const view = viewOf(call);
    const tellOthers = (deviceName: string | null): void => {
      const named = deviceName === null ? by : { ...by, deviceName };
      for (const { socket } of others) socket.emit('call:handled-elsewhere', { call: view, how, by: named });
    };
    this.queries.execute(new NameOfDevice(by.userId, by.deviceId)).then(tellOthers, () => tellOthers(null));
  }

  private tell(event: string, sessions: Session[], call: ExistingCall, by: By | null): void {
    const message = { call: viewOf(call), ...(by ? { by } : {}) };
    for (const { socket } of sessions) socket.emit(event, message);
  }
}

interface By {
  userId: string;
  deviceId: string;
}
