import { Module } from '@nestjs/common';
import { ListCallsHandler } from './list-calls.js';
import { RecentCallsHandler } from './recent-calls.js';
import { TimelineHandler } from './timeline.js';

@Module({ providers: [ListCallsHandler, RecentCallsHandler, TimelineHandler] })
export class HistoryModule {}
