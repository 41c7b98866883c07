import { keyOf, opened } from './crypto-shredding.js';
import type { EventActor, NewEvent, StoredEvent } from './event.js';

/** An event as PostgreSQL hands it over. */
export interface Row {
  stream_id: string;
  version: number;
  position: string;
  transaction_id: string;
  type: string;
  data: object;
  key: string | null;
  at: Date;
  actor: EventActor | null;
  command_id: string;
}

export const SELECT = `select stream_id, version, position, transaction_id::text, type, data, ${keyOf('events')} as key,
  at, actor, command_id from events`;

/** Personal data is opened on the way out. */
export const stored = <E extends NewEvent>(row: Row): StoredEvent<E> =>
  ({
    streamId: row.stream_id,
    version: row.version,
    position: row.position,
    type: row.type,
    data: opened(row.data, row.key),
    at: row.at.getTime(),
    actor: row.actor,
    commandId: row.command_id,
  }) as StoredEvent<E>;
