import { Module } from '@nestjs/common';
import { PresenceModule } from '../presence/presence.module.js';
import { RedisBus } from './redis-bus.js';
import { EventFeed } from './event-feed.js';

@Module({ imports: [PresenceModule], providers: [RedisBus, EventFeed], exports: [RedisBus, EventFeed] })
export class ClusterModule {}
