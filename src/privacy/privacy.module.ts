import { Module } from '@nestjs/common';
import { CallsModule } from '../calls/calls.module.js';
import { ClusterModule } from '../cluster/cluster.module.js';
import { DevicesModule } from '../devices/devices.module.js';
import { EraseUserHandler } from './erase-user.js';
import { ForgetErased } from './forget-erased.js';
import { Retention } from './retention.js';

@Module({
  imports: [CallsModule, ClusterModule, DevicesModule],
  providers: [EraseUserHandler, ForgetErased, Retention],
})
export class PrivacyModule {}
