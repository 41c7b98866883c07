import { Module } from '@nestjs/common';
import { PresenceModule } from '../presence/presence.module.js';
import { HistoryTurns } from './history-turns.js';
import { ListAllCallsHandler } from './list-all-calls.js';
import { ListCallsHandler } from './list-calls.js';
import { OverviewHandler } from './overview.js';
import { RecentCallsHandler } from './recent-calls.js';
import { TimelineHandler } from './timeline.js';

@Module({
  imports: [PresenceModule],
  providers: [
    HistoryTurns,
    ListAllCallsHandler,
    ListCallsHandler,
    OverviewHandler,
    RecentCallsHandler,
    TimelineHandler,
  ],
  exports: [HistoryTurns],
})
export class HistoryModule {}
