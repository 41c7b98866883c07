import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { ActionTokens } from './auth/action-tokens.js';
import { SpeakerGuard } from './auth/speaker.js';
import { UserTokens } from './auth/user-tokens.js';
import { CallsModule } from './calls/calls.module.js';
import { PERSONAL_FIELDS } from './calls/domain/personal-data.js';
import { CALL_POLICY } from './calls/initiate-call.js';
import { CLOCK } from './clock.js';
import { NODES_SECRET } from './cluster/bus.js';
import { FairTurns } from './concurrency/fair-turns.js';
import { CONFIG, type Config } from './config.js';
import { DatabaseClock } from './database/database-clock.js';
import { CONTROL_POOL, LIST_POOL, OPERATOR_POOL, READ_POOL } from './database/pools.js';
import { DevicesModule } from './devices/devices.module.js';
import { EventStore } from './event-store/event-store.js';
import { HistoryModule } from './history/history.module.js';
import { CallCommandsController } from './http/call-commands.controller.js';
import { CallHistoryController } from './http/call-history.controller.js';
import { ConsoleController } from './http/console.controller.js';
import { DeadlineInterceptor } from './http/deadline.interceptor.js';
import { DEMO_PHONES, type DemoPhones, DemoPhonesController } from './http/demo-phones.controller.js';
import { DevicesController } from './http/devices.controller.js';
import { DocsController } from './http/docs.controller.js';
import { MeController } from './http/me.controller.js';
import { OperatorController } from './http/operator.controller.js';
import { OwnCallInterceptor } from './http/own-call.interceptor.js';
import { ProblemFilter } from './http/problem.filter.js';
import { QuotaInterceptor } from './http/quota.interceptor.js';
import { SessionController } from './http/session.controller.js';
import { Gateway } from './operations/gateway-url.js';
import { HealthController } from './operations/health.controller.js';
import { Log } from './operations/log.js';
import { Metrics } from './operations/metrics.js';
import { Readiness } from './operations/readiness.js';
import { PrivacyModule } from './privacy/privacy.module.js';
import { Quotas } from './quotas.js';
import { callObligations } from './ringing/domain/jobs.js';
import { RingingModule } from './ringing/ringing.module.js';
import { SocketsModule } from './sockets/sockets.module.js';
import { Webhooks } from './webhooks/webhooks.js';

/** What is made before Nest starts: connections, keys, and the settings. */
export interface Foundation {
  config: Config;
  log: Log;
  clock: DatabaseClock;
  pools: { append: Pool; store: Pool; read: Pool; lists: Pool; control: Pool; operators: Pool };
  dataSource: DataSource;
  secrets: { userTokens: string; actionTokens: string; nodes: string };
  demoPhones: DemoPhones | null;
}

/** The foundation, for every room. */
@Global()
@Module({})
class FoundationModule {
  static of({ config, log, clock, pools, dataSource, secrets, demoPhones }: Foundation): DynamicModule {
    const store = new EventStore(pools.append, {
      readPool: pools.store,
      ...{ obligations: callObligations(config), personal: PERSONAL_FIELDS },
    });
    const providers = [
      { provide: CONFIG, useValue: config },
      { provide: DEMO_PHONES, useValue: demoPhones },
      { provide: Log, useValue: log },
      { provide: CLOCK, useValue: clock },
      { provide: DatabaseClock, useValue: clock },
      { provide: READ_POOL, useValue: pools.read },
      { provide: LIST_POOL, useValue: pools.lists },
      { provide: CONTROL_POOL, useValue: pools.control },
      { provide: OPERATOR_POOL, useValue: pools.operators },
      { provide: DataSource, useValue: dataSource },
      { provide: EventStore, useValue: store },
      { provide: UserTokens, useValue: new UserTokens(config.auth, clock, secrets.userTokens) },
      { provide: ActionTokens, useValue: new ActionTokens(secrets.actionTokens, clock) },
      { provide: NODES_SECRET, useValue: secrets.nodes },
      {
        provide: CALL_POLICY,
        useValue: { ringTimeoutMs: config.ringTimeoutMs, busyPolicy: config.busyPolicy },
      },
      { provide: FairTurns, useValue: new FairTurns() },
      ...[Gateway, Quotas],
    ];
    return { module: FoundationModule, providers, exports: providers };
  }
}

/** The rooms, listed once. */
@Module({})
export class AppModule {
  static of(foundation: Foundation): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ...[FoundationModule.of(foundation), CqrsModule.forRoot()],
        ...[CallsModule, DevicesModule, RingingModule, SocketsModule, HistoryModule, PrivacyModule],
      ],
      controllers: [
        ...[CallCommandsController, CallHistoryController, DevicesController, MeController],
        ...[SessionController, OperatorController],
        ...[HealthController, DocsController, ConsoleController, DemoPhonesController],
      ],
      providers: [
        ...[Readiness, Metrics, Webhooks],
        { provide: APP_GUARD, useClass: SpeakerGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_INTERCEPTOR, useClass: QuotaInterceptor },
        { provide: APP_INTERCEPTOR, useClass: DeadlineInterceptor },
        { provide: APP_INTERCEPTOR, useClass: OwnCallInterceptor },
      ],
    };
  }
}
