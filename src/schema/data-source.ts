import { DataSource } from 'typeorm';
import { DeviceEntity } from '../devices/device.entity.js';
import { CONNECTIONS, MAX_LIFETIME_S, ExpiringClient } from '../database/pools.js';
import { EventStore1700000000001 } from './migrations/1-event-store.js';
import { Devices1700000000002 } from './migrations/2-devices.js';
import { Operators1700000000003 } from './migrations/3-operators.js';
import { Privacy1700000000004 } from './migrations/4-privacy.js';
import { ClaimsByStream1700000000005 } from './migrations/5-claims-by-stream.js';
import { CorrectedEnvironment1700000000006 } from './migrations/6-corrected-environment.js';
import { ConflictFirst1700000000007 } from './migrations/7-conflict-first.js';
import { LosingIsCheap1700000000008 } from './migrations/8-losing-is-cheap.js';
import { TrimmedStreams1700000000009 } from './migrations/9-trimmed-streams.js';
import { RecentCalls1700000000010 } from './migrations/10-recent-calls.js';
import { AcceptedTokens1700000000011 } from './migrations/11-accepted-tokens.js';
import { ErasureByKeyAlone1700000000012 } from './migrations/12-erasure-by-key-alone.js';
import { TrimmedBehindSubscriptions1700000000015 } from './migrations/15-trimmed-behind-subscriptions.js';
import { EndedLongAgo1700000000014 } from './migrations/14-ended-long-ago.js';
import { RetentionOfInstalls1700000000013 } from './migrations/13-retention-of-installs.js';

/** Every query ends, and so does a transaction somebody forgot. Not for migrations: they take as long as they take. */
const DEADLINES = {
  query_timeout: 1_900,
  statement_timeout: 1_800,
  idle_in_transaction_session_timeout: 5_000,
  keepAlive: true,
  maxLifetimeSeconds: MAX_LIFETIME_S,
  Client: ExpiringClient,
};

/** The one place that knows all migrations and entities; the app and the migration commands share it. */
export function createDataSource(url: string, extra: object = DEADLINES): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    entities: [DeviceEntity],
    migrations: [
      EventStore1700000000001,
      Devices1700000000002,
      Operators1700000000003,
      Privacy1700000000004,
      ClaimsByStream1700000000005,
      CorrectedEnvironment1700000000006,
      ConflictFirst1700000000007,
      LosingIsCheap1700000000008,
      TrimmedStreams1700000000009,
      RecentCalls1700000000010,
      AcceptedTokens1700000000011,
      ErasureByKeyAlone1700000000012,
      RetentionOfInstalls1700000000013,
      EndedLongAgo1700000000014,
      TrimmedBehindSubscriptions1700000000015,
    ],
    migrationsTransactionMode: 'each',
    installExtensions: false,
    synchronize: false,
    applicationName: 'ringway entities',
    poolSize: CONNECTIONS.entities,
    connectTimeoutMS: 1_500,
    poolErrorHandler: () => undefined,
    extra,
  });
}
