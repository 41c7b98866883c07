import { createHmac } from 'node:crypto';
import type { Pool } from 'pg';
import { isTransient } from '../database/transient-error.js';
import {
  type Append,
  type AppendResult,
  type Obligations,
  type NewEvent,
  type StoredEvent,
  StoreUnavailable,
} from './event.js';
import { GroupCommit, type RunStatement, sendAppends } from './group-commit.js';
import { type PersonalFields, personalPart, sealed } from './crypto-shredding.js';
import { OwnCommands } from './own-commands.js';
import { type Row, SELECT, stored } from './stored-row.js';
import { UserKeys } from './user-keys.js';

/** A place in the global order. */
export interface Cursor {
  transactionId: string;
  position: string;
}

export interface EventStoreOptions {
  obligations?: Obligations;
  /** What is stored under its owner's key only. */
  personal?: PersonalFields;
  subscriptions?: readonly string[];
  /** Connections that streams are read over; those of the appends when not given. */
  readPool?: Pool;
  /** Append statements in flight at once. */
  concurrency?: number;
  /** After this an append ends as {@link StoreUnavailable}. */
  deadlineMs?: number;
  /** Appends that may wait; more are refused at once. */
  maxQueue?: number;
}

/**
 * What happened, in order, for ever. Events are appended and read; nothing changes or removes them. Personal data is
 * sealed on the way in and opened on the way out, here and nowhere else.
 */
export class EventStore {
  private readonly commits: GroupCommit;
  private readonly readPool: Pool;
  private readonly obligations: Obligations;
  private readonly personal: PersonalFields;
  /** Who reads the whole store by a checkpoint of this name. */
  readonly subscriptions: readonly string[];
  private readonly keys: UserKeys;
  readonly commands = new OwnCommands();

  constructor(
    pool: Pool,
    {
      readPool = pool,
      obligations = () => ({}),
      personal = {},
      subscriptions = [],
      concurrency = 2,
      deadlineMs = 1_900,
      maxQueue = 20_000,
    }: EventStoreOptions = {},
  ) {
    this.obligations = obligations;
    this.personal = personal;
    this.subscriptions = subscriptions;
    this.readPool = readPool;
    this.keys = new UserKeys(readPool);
    this.commits = new GroupCommit(pool, { concurrency, deadlineMs, maxQueue });
  }

  /**
   * Appends all events or none, if the stream is at `expectedVersion` and no claim stands against it.
   * Losing is a result, not an error. Repeating a command id gives `duplicate`.
   * @throws StoreUnavailable when PostgreSQL does not answer in time: the outcome is unknown, the command may be repeated
   */
  async append<E extends NewEvent>(append: Append<E>): Promise<AppendResult> {
    this.commands.remember(append.commandId);
    try {
      const result = await this.commits.append(await this.sealed(this.withObligations(append)));
      if (result.status === 'duplicate') this.commands.markInDoubt(append.commandId);
      return result;
    } catch (error) {
      if (error instanceof StoreUnavailable) this.commands.markInDoubt(append.commandId);
      throw error;
    }
  }

  /**
   * The same inside a transaction of the caller's, for rare changes that must share its fate; whose own fate may remain
   * unknown, see {@link OwnCommands.markInDoubt}. Not for calls: a long transaction holds up every reader of the global order.
   */
  async appendWithin(run: RunStatement, append: Append): Promise<AppendResult> {
    this.commands.remember(append.commandId);
    const [result] = await sendAppends(run, [await this.sealed(this.withObligations(append))]);
    return result!;
  }

  /**
   * Appends within a transaction to a stream that anybody may make grow, of which the newest events stay: at least those that
   * a subscription has yet to read. Nobody else may append meanwhile, or this is a conflict.
   */
  async recordWithin(
    run: RunStatement,
    append: Omit<Append, 'expectedVersion'>,
    keep: number,
  ): Promise<AppendResult> {
    const { streamId } = append;
    const { rows } = await run<{ version: number }>(LAST_VERSION, [streamId]);
    const expectedVersion = rows[0]!.version;
    const result = await this.appendWithin(run, { ...append, expectedVersion });
    if (result.status === 'appended' && expectedVersion >= keep)
      await run('select trim_stream($1, $2, $3)', [streamId, keep, this.subscriptions]);
    return result;
  }

  /** A user was erased, here or by another node: what comes from them from now on gets another key. */
  evictKey(userId: string): void {
    this.keys.forget(userId);
  }

  /**
   * A keyed hash under the user's own key: the same text gives the same hash until the user is erased, and afterwards nobody
   * can tell what it was made of.
   */
  async fingerprint(userId: string, text: string): Promise<string> {
    const { key } = await this.keys.of(userId).catch(asUnavailable);
    return createHmac('sha256', key).update(text).digest('base64url');
  }

  private withObligations(append: Append): Append {
    const { jobs = [], cancelJobs = [] } = this.obligations(append);
    if (jobs.length === 0 && cancelJobs.length === 0) return append;
    return {
      ...append,
      jobs: [...(append.jobs ?? []), ...jobs],
      cancelJobs: [...(append.cancelJobs ?? []), ...cancelJobs],
    };
  }

  private async sealed(append: Append): Promise<Append> {
    const { actor, events } = append;
    const parts = events.map((event) => personalPart(event, this.personal));
    if (actor === null || parts.every((part) => part === null)) return append;
    const key = await this.keys.of(actor.userId).catch(asUnavailable);
    const seal = (event: NewEvent, index: number): NewEvent => {
      const part = parts[index];
      return part ? sealed(event, part, key, this.personal) : event;
    };
    return { ...append, events: events.map(seal) };
  }

  /** All events of a stream, oldest first; none when there is no such stream. */
  async read<E extends NewEvent>(streamId: string): Promise<StoredEvent<E>[]> {
    return this.query<E>('read_stream', `${SELECT} where stream_id = $1 order by version`, [streamId]);
  }

  /** All events of the stream that holds a claim now, or else of this one. */
  readHolder<E extends NewEvent>(claimKey: string, otherwise: string): Promise<StoredEvent<E>[]> {
    return this.query<E>('read_holder', READ_HOLDER, [claimKey, otherwise]);
  }

  /** The stream that holds a claim now, if any. */
  async holderOf(key: string): Promise<string | null> {
    return (await this.claimOn(key))?.streamId ?? null;
  }

  /** Who holds a claim now, and as which owner. */
  async claimOn(key: string): Promise<{ streamId: string; owner: string | null } | null> {
    const text =
      'select stream_id, owner from claims where key = $1 and (expires_at is null or expires_at > clock_timestamp()) limit 1';
    const { rows } = await this.run<{ stream_id: string; owner: string | null }>('claim_holder', text, [key]);
    return rows[0] ? { streamId: rows[0].stream_id, owner: rows[0].owner } : null;
  }

  /** Removes claims whose time is over; they count for nothing already. */
  async forgetExpiredClaims(): Promise<void> {
    await this.run('forget_claims', 'delete from claims where expires_at < clock_timestamp()', []);
  }

  /**
   * Events after a cursor in global order. Only what no open transaction can still slip in front of is handed out
   * (`pg_snapshot_xmin`), so a reader that remembers its last cursor skips nothing. By the columns of the table: the
   * selected transaction id is text, in which 10 comes before 9.
   */
  async readAfter(cursor: Cursor, limit: number): Promise<(StoredEvent & { cursor: Cursor })[]> {
    const text = `${SELECT} where (transaction_id, position) > ($1::xid8, $2::bigint)
      and transaction_id < pg_snapshot_xmin(pg_current_snapshot()) order by events.transaction_id, events.position limit $3`;
    const { rows } = await this.run<Row>('read_after', text, [cursor.transactionId, cursor.position, limit]);
    return rows.map((row) => ({
      ...stored(row),
      cursor: { transactionId: row.transaction_id, position: row.position },
    }));
  }

  /** The cursor behind everything that has been committed so far. */
  async head(): Promise<Cursor> {
    const text = `select pg_snapshot_xmin(pg_current_snapshot())::text as transaction_id`;
    const { rows } = await this.run<{ transaction_id: string }>('head', text, []);
    return { transactionId: rows[0]!.transaction_id, position: '0' };
  }

  private async query<E extends NewEvent>(
    name: string,
    text: string,
    values: unknown[],
  ): Promise<StoredEvent<E>[]> {
    const { rows } = await this.run<Row>(name, text, values);
    return rows.map((row) => stored<E>(row));
  }

  private async run<R extends object>(name: string, text: string, values: unknown[]): Promise<{ rows: R[] }> {
    return this.readPool.query<R>({ name, text, values }).catch(asUnavailable);
  }
}

function asUnavailable(error: unknown): never {
  throw isTransient(error) ? new StoreUnavailable(error) : error;
}

const LAST_VERSION = 'select coalesce(max(version), 0) as version from events where stream_id = $1';

const READ_HOLDER = `${SELECT} where stream_id = coalesce(
  (select stream_id from claims where key = $1 and (expires_at is null or expires_at > clock_timestamp()) limit 1),
  $2) order by version`;
