import { Module } from '@nestjs/common';
import { PresenceModule } from '../presence/presence.module.js';
import { Bus } from './redis-bus.js';
import { Feed } from './event-feed.js';

@Module({ imports: [PresenceModule], providers: [Bus, Feed], exports: [Bus, Feed] })
export class ClusterModule {}
