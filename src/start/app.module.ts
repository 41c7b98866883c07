import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { ActionTokens } from '../auth/action-tokens.js';
import { UserTokens } from '../auth/user-tokens.js';
import { CallsModule } from '../calls/calls.module.js';
import { PERSONAL_FIELDS } from '../calls/domain/personal-data.js';
import { CALL_POLICY } from '../calls/initiate-call.js';
import { CLOCK } from '../time/clock.js';
import { ClusterModule } from '../cluster/cluster.module.js';
import { NODES_SECRET } from '../cluster/redis-bus.js';
import { FairTurns } from '../concurrency/fair-turns.js';
import { CONFIG, type Config } from '../config/config.js';
import { DatabaseClock } from '../database/database-clock.js';
import { CONTROL_POOL, LIST_POOL, OPERATOR_POOL, READ_POOL } from '../database/pools.js';
import { DevicesModule } from '../devices/devices.module.js';
import { EventStore } from '../event-store/event-store.js';
import { ExplainModule } from '../explain/explain.module.js';
import { HealthModule } from '../health/health.module.js';
import { HistoryModule } from '../history/history.module.js';
import { DEMO_PHONES, type DemoPhones } from '../http/demo-phones.controller.js';
import { HttpModule } from '../http/http.module.js';
import { PublicUrl } from '../net/public-url.js';
import { Log } from '../log/log.js';
import { PresenceModule } from '../presence/presence.module.js';
import { PrivacyModule } from '../privacy/privacy.module.js';
import { Quotas } from '../limits/quotas.js';
import { callObligations } from '../ringing/domain/jobs.js';
import { RingingModule } from '../ringing/ringing.module.js';
import { SocketsModule } from '../sockets/sockets.module.js';
import { WEBHOOKS } from '../webhooks/webhooks.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';

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
      obligations: callObligations(config),
      personal: PERSONAL_FIELDS,
      subscriptions: config.webhook === null ? [] : [WEBHOOKS],
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
      PublicUrl,
      Quotas,
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
        FoundationModule.of(foundation),
        CqrsModule.forRoot(),
        CallsModule,
        RingingModule,
        DevicesModule,
        PresenceModule,
        ClusterModule,
        SocketsModule,
        HistoryModule,
        ExplainModule,
        HttpModule,
        PrivacyModule,
        WebhooksModule,
        HealthModule,
      ],
    };
  }
}
