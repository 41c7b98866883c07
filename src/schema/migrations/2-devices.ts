import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where people can be reached: installs and their push tokens, live sockets, and the nodes that hold them. */
export class Devices1700000000002 implements MigrationInterface {
  name = 'Devices1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table devices (
  user_id           text not null,
  device_id         text not null,
  platform          text not null check (platform in ('ios', 'android', 'web')),
  name              text,
  app_version       text,
  bundle_id         text,
  apns_environment  text check (apns_environment in ('sandbox', 'production')),
  project_id        text,
  -- The VoIP token of iOS, the FCM token of Android; null once retired. Never leaves the gateway.
  push_token        text,
  alert_token       text,
  registered_at     timestamptz(3) not null,
  token_updated_at  timestamptz(3),
  last_seen_at      timestamptz(3) not null,
  primary key (user_id, device_id)
);
-- A push token belongs to one user and install at a time.
create unique index devices_push_token on devices (platform, push_token) where push_token is not null;

-- Presence: a session belongs to a connection of a node whose lease has not run out.
create table nodes (
  node_id     uuid primary key,
  lease_until timestamptz(3) not null
);
create table sessions (
  user_id       text not null,
  device_id     text not null,
  connection_id text not null,
  node_id       uuid not null,
  app_state     text not null,
  since         timestamptz(3) not null,
  primary key (user_id, device_id)
);
create index sessions_by_node on sessions (node_id);

-- Keys the gateways share: they sign action tokens and, in demo mode, development tokens.
create table secrets (
  name  text primary key,
  value text not null
);`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table secrets, sessions, nodes, devices');
  }
}
