import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { SpeakerGuard } from '../auth/principal.js';
import { CallsModule } from '../calls/calls.module.js';
import { DevicesModule } from '../devices/devices.module.js';
import { HistoryModule } from '../history/history.module.js';
import { CallCommandsController } from './call-commands.controller.js';
import { CallHistoryController } from './call-history.controller.js';
import { ConsoleController } from './console.controller.js';
import { DeadlineInterceptor } from './deadline.interceptor.js';
import { DemoPhonesController } from './demo-phones.controller.js';
import { DevicesController } from './devices.controller.js';
import { DocsController } from './docs.controller.js';
import { MeController } from './me.controller.js';
import { OperatorController } from './operator.controller.js';
import { OwnCallInterceptor } from './own-call.interceptor.js';
import { ProblemFilter } from './problem.filter.js';
import { QuotaInterceptor } from './quota.interceptor.js';
import { SessionController } from './session.controller.js';

@Module({
  imports: [CallsModule, DevicesModule, HistoryModule],
  controllers: [
    CallCommandsController,
    CallHistoryController,
    ConsoleController,
    DemoPhonesController,
    DevicesController,
    DocsController,
    MeController,
    OperatorController,
    SessionController,
  ],
  // Interceptors wrap the handler in this order: count, limit the time, hide other people's calls.
  providers: [
    { provide: APP_GUARD, useClass: SpeakerGuard },
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_INTERCEPTOR, useClass: QuotaInterceptor },
    { provide: APP_INTERCEPTOR, useClass: DeadlineInterceptor },
    { provide: APP_INTERCEPTOR, useClass: OwnCallInterceptor },
  ],
})
export class HttpModule {}
