import { Module } from '@nestjs/common';
import { ClusterEars } from './cluster-ears.js';
import { Announcer } from './announcer.js';
import { Arrivals } from './arrivals.js';
import { Dispatcher } from './dispatcher.js';
import { ErasedUsers } from './erased-users.js';
import { Expiry } from './expiry.js';
import { Incoming } from './incoming.js';
import { MediaStates } from './media-states.js';
import { MovedDevices } from './moved-devices.js';
import { Parcels } from './parcels.js';
import { ProgressTeller } from './progress-teller.js';
import { SenderCounts } from './sender-counts.js';
import { Sessions } from './sessions.js';
import { SignalLines, waitingSignals } from './signal-lines.js';
import { Signals } from './signals.js';
import { SocketCommands } from './socket-commands.js';
import { SocketServer } from './socket-server.js';
import { Calls } from '../calls/calls.js';
import { CallsModule } from '../calls/calls.module.js';
import { ClusterModule } from '../cluster/cluster.module.js';
import { DevicesModule } from '../devices/devices.module.js';

@Module({
  imports: [CallsModule, ClusterModule, DevicesModule],
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
