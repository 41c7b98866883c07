import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.js';
import { Bus } from './bus.js';
import { Feed } from './feed.js';

@Module({ imports: [DevicesModule], providers: [Bus, Feed], exports: [Bus, Feed] })
export class ClusterModule {}
