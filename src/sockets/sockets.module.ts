import { Module } from '@nestjs/common';
import { ClusterSubscriber } from './server/cluster-subscriber.js';
import { CallNotifier } from './notify/call-notifier.js';
import { SessionLifecycle } from './server/session-lifecycle.js';
import { Dispatcher } from './server/dispatcher.js';
import { ErasedUsers } from './notify/erased-users.js';
import { SessionExpiry } from './session/session-expiry.js';
import { RingNotifier } from './notify/ring-notifier.js';
import { MediaStates } from './relay/media-states.js';
import { MovedDevices } from './relay/moved-devices.js';
import { DeferredDeliveries } from './relay/deferred-deliveries.js';
import { ProgressNotifier } from './notify/progress-notifier.js';
import { SenderCounts } from './relay/sender-counts.js';
import { Sessions } from './session/sessions.js';
import { SignalMailboxes, waitingSignals } from './relay/signal-mailbox.js';
import { SignalRelay } from './relay/signal-relay.js';
import { SocketCommands } from './server/socket-commands.js';
import { SocketServer } from './server/socket-server.js';
import { Calls } from '../calls/calls.js';
import { CallsModule } from '../calls/calls.module.js';
import { ClusterModule } from '../cluster/cluster.module.js';
import { DevicesModule } from '../devices/devices.module.js';
import { PresenceModule } from '../presence/presence.module.js';

@Module({
  imports: [CallsModule, ClusterModule, DevicesModule, PresenceModule],
  providers: [
    {
      provide: SignalMailboxes,
      useFactory: (calls: Calls) => new SignalMailboxes(calls, waitingSignals()),
      inject: [Calls],
    },
    SenderCounts,
    MediaStates,
    MovedDevices,
    Sessions,
    SignalRelay,
    DeferredDeliveries,
    RingNotifier,
    SessionExpiry,
    SessionLifecycle,
    CallNotifier,
    ProgressNotifier,
    ClusterSubscriber,
    ErasedUsers,
    SocketCommands,
    Dispatcher,
    SocketServer,
  ],
  exports: [SocketServer, ClusterModule],
})
export class SocketsModule {}
