import { Module } from '@nestjs/common';
import { ClusterEars } from './cluster-ears.js';
import { Announcer } from './announcer.js';
import { Arrivals } from './arrivals.js';
import { Dispatcher } from './dispatcher.js';
import { ErasedUsers } from './erased-users.js';
import { Expiry } from './expiry.js';
import { Incoming } from './incoming.js';
import { Parcels } from './parcels.js';
import { ProgressTeller } from './progress-teller.js';
import { Sessions } from './sessions.js';
import { Signals } from './signals.js';
import { SocketCommands } from './socket-commands.js';
import { SocketServer } from './socket-server.js';
import { CallsModule } from '../calls/calls.module.js';
import { ClusterModule } from '../cluster/cluster.module.js';
import { DevicesModule } from '../devices/devices.module.js';

@Module({
  imports: [CallsModule, ClusterModule, DevicesModule],
  providers: [
    ...[Sessions, Signals, Parcels, Incoming, Expiry, Arrivals, Announcer, ProgressTeller, ClusterEars],
    ErasedUsers,
    ...[SocketCommands, Dispatcher, SocketServer],
  ],
  exports: [SocketServer, ClusterModule],
})
export class SocketsModule {}
