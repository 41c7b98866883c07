import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { ExistingCall } from '../../calls/domain/call.js';
import { rfc3339, viewOf } from '../../calls/domain/call-view.js';
import { CLOCK, type Clock } from '../../time/clock.js';
import { Log } from '../../log/log.js';
import { ConfirmReached } from '../../ringing/confirm-reached.js';
import type { Session } from '../session/sessions.js';

/**
 * Rings a connection may leave unacknowledged. Each takes memory until the connection ends, so a client that never
 * acknowledges has to begin anew.
 */
const MAX_UNACKNOWLEDGED = 500;

/** Tells a device that somebody calls. Its acknowledgement is the proof that the socket is alive. */
@Injectable()
export class Incoming {
  constructor(
    private readonly bus: CommandBus,
    private readonly log: Log,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  tell(session: Session, call: ExistingCall): void {
    const { socket, deviceId } = session;
    if (session.unacknowledgedRings >= MAX_UNACKNOWLEDGED) {
      socket.disconnect(true);
      return;
    }
    session.unacknowledgedRings++;
    const { callId } = call; // the whole call would be kept for as long as it is not acknowledged
    const message = { call: viewOf(call), serverTime: rfc3339(this.clock.now()) };
    // Without a timeout: it may take as long as the ring, and no timer should outlive the connection.
    socket.emit('call:incoming', message, () => {
      session.unacknowledgedRings--;
      if (session.acknowledges === 'nothing') session.acknowledges = 'messages';
      this.bus.execute(new ConfirmReached(callId, deviceId, 'socket')).catch((failure: unknown) => {
        this.log.warnRarely('an acknowledged ring could not be recorded', {
          callId,
          error: failure,
        });
      });
    });
  }
}
