import { Module } from '@nestjs/common';
import { ClusterEars } from './server/cluster-subscriber.js';
import { Announcer } from './notify/call-notifier.js';
import { Arrivals } from './server/session-lifecycle.js';
import { Dispatcher } from './server/dispatcher.js';
import { ErasedUsers } from './notify/erased-users.js';
import { Expiry } from './session/session-expiry.js';
import { Incoming } from './notify/ring-notifier.js';
import { MediaStates } from './relay/media-states.js';
import { MovedDevices } from './relay/moved-devices.js';
import { Parcels } from './relay/deferred-deliveries.js';
import { ProgressTeller } from './notify/progress-notifier.js';
import { SenderCounts } from './relay/sender-counts.js';
import { Sessions } from './session/sessions.js';
import { SignalLines, waitingSignals } from './relay/signal-mailbox.js';
import { Signals } from './relay/signal-relay.js';
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
      provide: SignalLines,
      useFactory: (calls: Calls) => new SignalLines(calls, waitingSignals()),
      inject: [Calls],
    },
    ...[SenderCounts, MediaStates, MovedDevices],
    ...[Sessions, Signals, Parcels, Incoming, Expiry, Arrivals, Announcer, ProgressTeller, ClusterEars],
    ErasedUsers,
    ...[SocketCommands, Dispatcher, SocketServer],
  ],
  exports: [SocketServer, ClusterModule],
})
export class SocketsModule {}
