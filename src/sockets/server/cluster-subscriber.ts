import { Injectable } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import { CallChanged } from '../../calls/call-changed.js';
import { Calls } from '../../calls/calls.js';
import type { CallEvent, ExistingCall } from '../../calls/domain/call.js';
import { RedisBus } from '../../cluster/redis-bus.js';
import { EventFeed } from '../../cluster/event-feed.js';
import type { StoredEvent } from '../../event-store/event.js';
import { UserErased } from '../../privacy/user-erased.js';
import type { WakeEvent } from '../../ringing/domain/wake.js';
import { WakeProgressed } from '../../ringing/wake-progressed.js';
import { CallNotifier } from '../notify/call-notifier.js';
import { SessionLifecycle } from './session-lifecycle.js';
import { MediaStates } from '../relay/media-states.js';
import { MovedDevices } from '../relay/moved-devices.js';
import { type Delivery, DeferredDeliveries } from '../relay/deferred-deliveries.js';
import { ProgressNotifier } from '../notify/progress-notifier.js';
import { SignalRelay } from '../relay/signal-relay.js';

/** What the other nodes record and say, for the devices connected here. */
@Injectable()
export class ClusterSubscriber {
  constructor(
    private readonly bus: RedisBus,
    private readonly feed: EventFeed,
    private readonly calls: Calls,
    private readonly notifier: CallNotifier,
    private readonly progress: ProgressNotifier,
    private readonly signals: SignalRelay,
    private readonly media: MediaStates,
    private readonly moved: MovedDevices,
    private readonly deliveries: DeferredDeliveries,
    private readonly lifecycle: SessionLifecycle,
    private readonly events: EventBus,
  ) {}

  /** From now on. */
  listen(): void {
    this.feed.onAppend((events) => this.recorded(events));
    this.bus.onConnected(() => {
      this.signals.flush();
      this.media.flush();
      this.feed.wake();
    });
    this.bus.hear('recorded', () => this.feed.wake());
    this.bus.hear('replaced', (payload: Parameters<SessionLifecycle['replacedElsewhere']>[0]) =>
      this.lifecycle.replacedElsewhere(payload),
    );
    for (const topic of ['signals', 'media'])
      this.bus.hear(topic, (delivery: Delivery) => this.deliveries.take(delivery));
    this.bus.hear('received', (payload: Parameters<SignalRelay['receivedElsewhere']>[0]) =>
      this.signals.receivedElsewhere(payload),
    );
    this.bus.hear('arrived', (payload: Parameters<MovedDevices['handOver']>[0]) =>
      this.moved.handOver(payload),
    );
  }

  private async recorded(events: StoredEvent[]): Promise<void> {
    const { streamId, actor } = events[0]!;
    if (streamId.startsWith('call-')) {
      const recorded = events as StoredEvent<CallEvent>[];
      let call: ExistingCall | null = null;
      for (const event of recorded) call = await this.calls.follow(event);
      this.notifier.tellOf(new CallChanged(call!, recorded, actor));
    } else if (streamId.startsWith('wake-')) {
      this.progress.tellOf(
        new WakeProgressed(streamId.slice('wake-'.length), events as StoredEvent<WakeEvent>[]),
      );
    } else if (streamId.startsWith('user-')) {
      // Heard before the ends of their calls, which are then told without what was personal.
      this.events.publish(new UserErased(streamId.slice('user-'.length)));
    }
  }
}
