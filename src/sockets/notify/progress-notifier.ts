import type { Platform } from '../../devices/reach.js';
import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { Calls } from '../../calls/calls.js';
import { Log } from '../../log/log.js';
import type { WakeEvent } from '../../ringing/domain/wake.js';
import { WakeProgressed } from '../../ringing/wake-progressed.js';
import { Sessions } from '../session/sessions.js';

type ProgressStep = 'socket-delivered' | 'push-sent' | 'push-accepted' | 'push-failed' | 'unreachable';

/** The honest ring ladder: the caller's devices hear how far their call has come, and never more than is known. */
@EventsHandler(WakeProgressed)
export class ProgressTeller implements IEventHandler<WakeProgressed> {
  constructor(
    private readonly calls: Calls,
    private readonly sessions: Sessions,
    private readonly log: Log,
  ) {}

  handle(progress: WakeProgressed): void {
    this.tellOf(progress);
  }

  /** A step of this node's, or one another node recorded. */
  tellOf({ callId, events }: WakeProgressed): void {
    const steps = events.flatMap((event): { step: ProgressStep; platform?: Platform }[] => {
      const step = stepOf(event);
      return step ? [{ step, ...platformOf(event) }] : [];
    });
    if (steps.length === 0) return;
    this.tell(callId, steps).catch((error: unknown) =>
      this.log.warnRarely('progress could not be told', { callId, error }),
    );
  }

  private async tell(callId: string, steps: object[]): Promise<void> {
    const call = await this.calls.recall(callId);
    if (call.state === 'none') return;
    for (const { socket } of this.sessions.of(call.caller.userId)) {
      for (const step of steps) socket.emit('call:progress', { callId, ...step });
    }
  }
}

function stepOf(event: WakeEvent): ProgressStep | null {
  switch (event.type) {
    case 'WakeRequested':
      return event.data.channel === 'push' ? 'push-sent' : null;
    case 'PushAccepted':
      return 'push-accepted';
    case 'PushRejected':
      return event.data.reached ? null : 'push-failed';
    case 'DeviceReached':
      return event.data.via === 'socket' ? 'socket-delivered' : null;
    case 'DeviceUnreachable':
      return 'unreachable';
    case 'PushRetried':
      return event.data.afterMs === null && !event.data.reached ? 'push-failed' : null;
    case 'DeviceApnsEnvironmentCorrected':
    case 'DevicePushTokenRetired':
      return null;
  }
}

function platformOf(event: WakeEvent): { platform?: Platform } {
  if ('platform' in event.data && event.data.platform) return { platform: event.data.platform };
  if ('provider' in event.data) return { platform: event.data.provider === 'apns' ? 'ios' : 'android' };
  return {};
}
