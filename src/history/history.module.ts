import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.js';
import { ExplainHandler } from './explain.js';
import { HistoryTurns } from './history-turns.js';
import { ListAllCallsHandler } from './list-all-calls.js';
import { ListCallsHandler } from './list-calls.js';
import { OverviewHandler } from './overview.js';
import { RecentCallsHandler } from './recent-calls.js';
import { TimelineHandler } from './timeline.js';

@Module({
  imports: [DevicesModule],
  providers: [
    ...[ListCallsHandler, RecentCallsHandler, TimelineHandler, ExplainHandler],
    ...[ListAllCallsHandler, OverviewHandler],
    HistoryTurns,
  ],
  exports: [HistoryTurns],
})
export class HistoryModule {}
