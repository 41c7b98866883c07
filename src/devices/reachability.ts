import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { READ_POOL } from '../database/pools.js';
import type { ApnsEnvironment, Platform, PushAddress, Reach } from './reach.js';

export type Reachability = 'online' | 'pushable' | 'unreachable';

/** Where people can be reached now: their installs and the connections of nodes whose lease has not run out. */
@Injectable()
export class Reaches {
  constructor(@Inject(READ_POOL) private readonly pool: Pool) {}

  async of(userId: string): Promise<Reach[]> {
    const { rows } = await this.pool.query<Row>({ name: 'reach', text: REACH, values: [userId] });
    return rows.map(reachOf);
  }

  async ofDevice(userId: string, deviceId: string): Promise<Reach | undefined> {
    return (await this.of(userId)).find((reach) => reach.deviceId === deviceId);
  }

  /** What contacts may know: no tokens, no devices. */
  async summary(userIds: readonly string[]): Promise<Map<string, Reachability>> {
    const { rows } = await this.pool.query<{ user_id: string; online: boolean; pushable: boolean }>({
      ...{ name: 'reach_summary', text: SUMMARY, values: [userIds] },
    });
    return new Map(
      rows.map((row) => [row.user_id, row.online ? 'online' : row.pushable ? 'pushable' : 'unreachable']),
    );
  }
}

const LIVE = `select s.user_id, s.device_id, s.app_state from sessions s
  join nodes n on n.node_id = s.node_id and n.lease_until > clock_timestamp()`;

const REACH = `
select coalesce(d.device_id, s.device_id) as device_id, d.platform, d.push_token, d.bundle_id, d.apns_environment,
       d.project_id, d.token_updated_at, d.token_accepted_at is not null as token_accepted, s.app_state
  from (select * from devices where user_id = $1) d
  full join (${LIVE} where s.user_id = $1) s on s.device_id = d.device_id
 order by 1`;

/**
 * An app in the background that a push would reach is not online, though its socket lives: a push would be sent, and a phone
 * that was woken for a call must not show everybody that there is one.
 */
const SUMMARY = `
select u.user_id,
       exists (select from (${LIVE}) s where s.user_id = u.user_id and not (
         s.app_state = 'background' and exists (
           select from devices d where d.user_id = s.user_id and d.device_id = s.device_id and d.push_token is not null)
       )) as online,
       exists (select from devices d where d.user_id = u.user_id and d.push_token is not null) as pushable
  from unnest($1::text[]) u(user_id)`;

interface Row {
  device_id: string;
  platform: Platform | null;
  push_token: string | null;
  bundle_id: string | null;
  apns_environment: ApnsEnvironment | null;
  project_id: string | null;
  token_updated_at: Date | null;
  token_accepted: boolean;
  app_state: 'foreground' | 'background' | null;
}

function reachOf(row: Row): Reach {
  return { deviceId: row.device_id, platform: row.platform, push: addressOf(row), live: row.app_state };
}

function addressOf(row: Row): PushAddress | null {
  const {
    push_token: token,
    bundle_id: bundleId,
    apns_environment: environment,
    project_id: projectId,
    token_accepted: tokenAccepted,
  } = row;
  if (token === null) return null;
  const tokenUpdatedAt = row.token_updated_at?.getTime() ?? 0;
  const known = { token, tokenUpdatedAt, tokenAccepted };
  if (row.platform === 'ios' && bundleId !== null && environment !== null)
    return { ...known, provider: 'apns', bundleId, environment };
  return row.platform === 'android' ? { ...known, provider: 'fcm', projectId } : null;
}
