import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import { LIST_POOL } from '../database/pools.js';
import { mapInSlices } from '../concurrency/map-in-slices.js';
import { rfc3339 } from '../calls/domain/call-view.js';
import { keyOf, opened } from '../event-store/crypto-shredding.js';

export interface TimelineItem {
  /**
   * Made from the time, in microseconds: rises with the global order. The store's own counts the events of everybody, and what
   * lies between two of one's own would tell how much others call.
   */
  position: number;
  stream: 'call' | 'wake';
  version: number;
  type: string;
  at: string;
  data: Record<string, unknown>;
}

/** The recorded events of a call and of waking its callee, in global order. */
export class Timeline extends Query<TimelineItem[]> {
  constructor(readonly callId: string) {
    super();
  }
}

@QueryHandler(Timeline)
export class TimelineHandler implements IQueryHandler<Timeline> {
  constructor(@Inject(LIST_POOL) private readonly pool: Pool) {}

  async execute({ callId }: Timeline): Promise<TimelineItem[]> {
    const { rows } = await this.pool.query<Row>({
      name: 'timeline',
      text: `select stream_id, version, type, at, data, ${keyOf('events')} as key from events
              where stream_id in ('call-' || $1, 'wake-' || $1) order by position`,
      values: [callId],
    });
    let position = 0;
    return mapInSlices(rows, ({ stream_id, version, type, at, data, key }) => {
      position = Math.max(position + 1, at.getTime() * 1_000);
      return {
        ...{ position, stream: stream_id.startsWith('wake-') ? 'wake' : 'call' },
        ...{ version, type, at: rfc3339(at.getTime()), data: opened(data, key) },
      };
    });
  }
}

interface Row {
  stream_id: string;
  version: number;
  type: string;
  at: Date;
  data: Record<string, unknown>;
  key: string | null;
}
