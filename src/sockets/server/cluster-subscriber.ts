import { Injectable } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import { CallChanged } from '../../calls/call-changed.js';
import { Calls } from '../../calls/calls.js';
import type { CallEvent, ExistingCall } from '../../calls/domain/call.js';
import { Bus } from '../../cluster/redis-bus.js';
import { Feed } from '../../cluster/event-feed.js';
import type { StoredEvent } from '../../event-store/event.js';
import { UserErased } from '../../privacy/user-erased.js';
import type { WakeEvent } from '../../ringing/domain/wake.js';
import { WakeProgressed } from '../../ringing/wake-progressed.js';
import { Announcer } from '../notify/call-notifier.js';
import { Arrivals } from './session-lifecycle.js';
import { MediaStates } from '../relay/media-states.js';
import { MovedDevices } from '../relay/moved-devices.js';
import { type Parcel, Parcels } from '../relay/deferred-deliveries.js';
import { ProgressTeller } from '../notify/progress-notifier.js';
import { Signals } from '../relay/signal-relay.js';

/** What the other nodes record and say, for the devices connected here. */
@Injectable()
export class ClusterEars {
  constructor(
    private readonly bus: Bus,
    private readonly feed: Feed,
    private readonly calls: Calls,
    private readonly announcer: Announcer,
    private readonly progress: ProgressTeller,
    private readonly signals: Signals,
    private readonly media: MediaStates,
    private readonly moved: MovedDevices,
    private readonly parcels: Parcels,
    private readonly arrivals: Arrivals,
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
    this.bus.hear('replaced', (payload: Parameters<Arrivals['replacedElsewhere']>[0]) =>
      this.arrivals.replacedElsewhere(payload),
    );
    for (const topic of ['signals', 'media'])
      this.bus.hear(topic, (parcel: Parcel) => this.parcels.take(parcel));
    this.bus.hear('received', (payload: Parameters<Signals['receivedElsewhere']>[0]) =>
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
      this.announcer.tellOf(new CallChanged(call!, recorded, actor));
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
