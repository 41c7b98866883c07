import type { MigrationInterface, QueryRunner } from 'typeorm';
import { APPEND_EVENTS } from '../../event-store/append-events.js';

/** Events, claims, jobs and checkpoints, and the one function that appends. */
export class EventStore1700000000001 implements MigrationInterface {
  name = 'EventStore1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(APPEND_EVENTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop function append_events;
      drop table checkpoints, jobs, claims, events;
      drop function refuse_change;`);
  }
}

const TABLES = `
create table events (
  stream_id      text not null,
  version        int not null check (version > 0),
  position       bigint generated always as identity,
  -- Global order is (transaction_id, position) below pg_snapshot_xmin: positions alone commit out of order.
  transaction_id xid8 not null default pg_current_xact_id(),
  type           text not null,
  data           jsonb not null,
  actor          jsonb,
  command_id     uuid not null,
  at             timestamptz(3) not null,
  primary key (stream_id, version)
);
create index events_global_order on events (transaction_id, position);
create index events_calls_of_caller on events ((data #>> '{caller,userId}'), at desc, position desc)
  where type = 'CallInitiated';
create index events_calls_of_callee on events ((data #>> '{callee,userId}'), at desc, position desc)
  where type = 'CallInitiated';

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'events are for ever: % on % is refused', tg_op, tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger events_are_for_ever before update or delete or truncate on events
  for each statement execute function refuse_change();

-- What must be unique across streams: a key one owner holds for a stream, from one append to another.
create table claims (
  key        text not null,
  stream_id  text not null,
  owner      text,
  expires_at timestamptz(3),
  primary key (key, stream_id)
);
create index claims_to_expire on claims (expires_at) where expires_at is not null;

-- What an event obliges us to do, committed with it.
create table jobs (
  key         text primary key,
  kind        text not null,
  stream_id   text not null,
  payload     jsonb not null,
  due_at      timestamptz(3) not null,
  lease_until timestamptz(3),
  epoch       int not null default 0,
  attempts    int not null default 0
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create index jobs_by_due on jobs (due_at);

create table checkpoints (
  name           text primary key,
  transaction_id xid8 not null default '0',
  position       bigint not null default 0,
  epoch          int not null default 0,
  lease_until    timestamptz(3)
);`;
