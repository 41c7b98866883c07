import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ApiError } from '../errors/api-error.js';
import { EventStore } from '../event-store/event-store.js';

/** Events that stay of an install's stream: of one that is there, and of one that is gone. */
const KEPT_EVENTS = { present: 100, gone: 10 };

/** Somebody else has changed the install at the same moment. */
export class Raced extends ApiError {
  constructor() {
    super('UNAVAILABLE', 'The device is being changed by somebody else; try again.');
  }
}

/** The stream of each install: what was registered, and what became of it. */
@Injectable()
export class DeviceStream {
  constructor(private readonly store: EventStore) {}

  /**
   * In the transaction of the change it tells of, so that the one is never there without the other.
   * @throws Raced
   */
  async record(
    manager: EntityManager,
    userId: string,
    deviceId: string,
    type: string,
    data: object,
  ): Promise<void> {
    const result = await this.store.recordWithin(
      async (text, values) => ({ rows: await manager.query(text, values) }),
      {
        streamId: `device-${JSON.stringify([userId, deviceId])}`,
        events: [{ type, data: { userId, deviceId, ...data } }],
        actor: { userId, deviceId },
        commandId: randomUUID(),
      },
      type === 'DeviceUnregistered' ? KEPT_EVENTS.gone : KEPT_EVENTS.present,
    );
    if (result.status !== 'appended') throw new Raced();
  }
}
