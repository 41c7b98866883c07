import { randomUUID } from 'node:crypto';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import { DataSource, EntitySchema } from 'typeorm';
import { migrate } from '../../src/schema/migrate.js';
import { openPool } from '../../src/database/pools.js';
import type { Append, NewJob } from '../../src/event-store/event.js';
import { EventStore } from '../../src/event-store/event-store.js';
import { sendAppends } from '../../src/event-store/group-commit.js';

/** One way to record that a new stream has begun with one event. */
export interface Contestant {
  name: string;
  /** Does each append take two jobs along, as a call does? Compared only with its like. */
  jobs: boolean;
  /** Promises less than the others (no claims, no jobs, one event) and shows what is possible one by one. */
  floor?: boolean;
  /** Makes the schema in an empty database. */
  prepare(url: string): Promise<void>;
  open(url: string): Promise<OpenContestant>;
  /** Counts events, streams, and events that do not have version 1. */
  verification: string;
}

export interface OpenContestant {
  append(streamId: string): Promise<void>;
  close(): Promise<void>;
}

/** What a call begins with; about 330 bytes of JSON. */
const data = () => ({
  caller: { userId: 'user-5f0c2f6e-1b7a', name: 'Ann Example', deviceId: 'ann-phone-0a1b2c3d' },
  callee: { userId: 'user-9d3b7c11-4e2f', name: 'Bob Example' },
  media: { audio: true, video: true },
  ringTimeoutMs: 45_000,
  metadata: { room: 'a3f1c2d4-aaaa-bbbb-cccc-0123456789ab', app: 'com.example.phone', locale: 'en-GB' },
});
const actor = { userId: 'user-5f0c2f6e-1b7a', deviceId: 'ann-phone-0a1b2c3d' };

const jobsOf = (callId: string): NewJob[] => [
  { key: `wake ${callId}`, kind: 'wake', payload: { callId }, dueInMs: 0, leaseMs: 3_000 },
  {
    key: `ring-timeout ${callId}`,
    kind: 'ring-timeout',
    payload: { callId },
    dueInMs: 45_000,
    leaseMs: null,
  },
];

const appendOf = (streamId: string, jobs: boolean): Append => ({
  ...{ streamId, expectedVersion: 0, events: [{ type: 'CallInitiated', data: data() }], actor },
  ...{ commandId: randomUUID(), jobs: jobs ? jobsOf(streamId) : [] },
});

function must(status: string | undefined): void {
  if (status !== 'appended') throw new Error(`not appended but ${status}`);
}

const OUR_TABLE = `select count(*)::int as events, count(distinct stream_id)::int as streams,
  count(*) filter (where version <> 1)::int as wrong from events`;
const OUR_JOBS = `select count(distinct e.stream_id)::int as events, count(distinct e.stream_id)::int as streams,
  count(*)::int - 2 * count(distinct e.stream_id)::int as wrong from events e left join jobs j on j.stream_id = e.stream_id`;

const ours = (name: string, jobs: boolean): Contestant => ({
  ...{ name, jobs, prepare: migrate, verification: jobs ? OUR_JOBS : OUR_TABLE },
  async open(url) {
    const pool = openPool(url, 'appends', 2);
    const store = new EventStore(pool);
    return {
      append: async (streamId) => must((await store.append(appendOf(streamId, jobs))).status),
      close: () => pool.end(),
    };
  },
});

/** The same function of the same schema, called with one append at a time over ten connections. */
const oneByOne = (name: string, jobs: boolean): Contestant => ({
  ...{ name, jobs, prepare: migrate, verification: jobs ? OUR_JOBS : OUR_TABLE },
  async open(url) {
    const pool = openPool(url, 'appends', 10);
    return {
      append: async (streamId) => {
        const run = (text: string, values: unknown[]) => pool.query({ name: 'append', text, values });
        must((await sendAppends(run, [appendOf(streamId, jobs)]))[0]?.status);
      },
      close: () => pool.end(),
    };
  },
});

/** What one would write by hand for this very case: no function, no claims, no jobs, one event. */
const INSERT = `insert into events (stream_id, version, type, data, actor, command_id, at)
  select $1, $2::int + 1, $3, $4::jsonb, $5::jsonb, $6::uuid, clock_timestamp()
   where $2::int = 0 or (exists (select from events where stream_id = $1 and version = $2::int)
                    and not exists (select from events where stream_id = $1 and command_id = $6::uuid))
  on conflict do nothing returning at`;

const insertByHand: Contestant = {
  ...{
    name: 'one `INSERT` each, by hand',
    jobs: false,
    floor: true,
    prepare: migrate,
    verification: OUR_TABLE,
  },
  async open(url) {
    const pool = openPool(url, 'inserts', 10);
    return {
      append: async (streamId) => {
        const values = [
          streamId,
          0,
          'CallInitiated',
          JSON.stringify(data()),
          JSON.stringify(actor),
          randomUUID(),
        ];
        const { rowCount } = await pool.query({ name: 'insert', text: INSERT, values });
        must(rowCount === 1 ? 'appended' : 'conflict');
      },
      close: () => pool.end(),
    };
  },
};

interface SavedEvent {
  streamId: string;
  version: number;
  type: string;
  data: object;
  actor: object;
  commandId: string;
  at: Date;
}
const SavedEvents = new EntitySchema<SavedEvent>({
  name: 'saved_events',
  columns: {
    streamId: { type: 'text', primary: true },
    version: { type: 'int', primary: true },
    type: { type: 'text' },
    data: { type: 'jsonb' },
    actor: { type: 'jsonb' },
    commandId: { type: 'uuid' },
    at: { type: 'timestamptz', createDate: true },
  },
});
const savingSource = (url: string, synchronize: boolean): DataSource =>
  new DataSource({
    type: 'postgres',
    url,
    entities: [SavedEvents],
    synchronize,
    poolSize: 10,
    installExtensions: false,
  });

const typeorm: Contestant = {
  name: 'TypeORM `repository.save()`',
  jobs: false,
  async prepare(url) {
    const source = await savingSource(url, true).initialize();
    await source.destroy();
  },
  async open(url) {
    const source = await savingSource(url, false).initialize();
    const repository = source.getRepository(SavedEvents);
    return {
      append: async (streamId) => {
        const event = {
          streamId,
          version: 1,
          type: 'CallInitiated',
          data: data(),
          actor,
          commandId: randomUUID(),
        };
        await repository.save(repository.create(event));
      },
      close: () => source.destroy(),
    };
  },
  verification: `select count(*)::int as events, count(distinct "streamId")::int as streams,
    count(*) filter (where version <> 1)::int as wrong from saved_events`,
};

const emmett: Contestant = {
  name: 'emmett-postgresql 0.42.0',
  jobs: false,
  async prepare(url) {
    const store = getPostgreSQLEventStore(url);
    await store.schema.migrate();
    await store.close();
  },
  async open(url) {
    const store = getPostgreSQLEventStore(url, { schema: { autoMigration: 'None' } });
    return {
      append: async (streamId) => {
        const event = { type: 'CallInitiated', data: data(), metadata: { actor, commandId: randomUUID() } };
        // 0n, because 'STREAM_DOES_NOT_EXIST' is not checked in this version.
        const result = await store.appendToStream(streamId, [event], { expectedStreamVersion: 0n });
        must(result.createdNewStream && result.nextExpectedStreamVersion === 1n ? 'appended' : 'conflict');
      },
      close: () => store.close(),
    };
  },
  verification: `select count(*)::int as events, count(distinct stream_id)::int as streams,
    count(*) filter (where stream_position <> 1)::int as wrong from emt_messages`,
};

export const contestants: readonly Contestant[] = [
  ours('**Ringway**', false),
  oneByOne('our function, one append each', false),
  insertByHand,
  typeorm,
  emmett,
  ours('**Ringway**, with 2 jobs', true),
  oneByOne('our function, one append each, with 2 jobs', true),
];
