import { randomUUID } from 'node:crypto';
import { Command, CommandBus, CommandHandler, EventBus, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { DataSource, type EntityManager } from 'typeorm';
import { Calls } from '../calls/calls.js';
import { CloseCall } from '../calls/close-call.js';
import { EventFeed } from '../cluster/event-feed.js';
import { DeviceRegistry } from '../devices/device-registry.js';
import { StoreUnavailable } from '../event-store/event.js';
import { EventStore } from '../event-store/event-store.js';
import { RecentCalls } from '../history/recent-calls.js';
import { UserErased } from './user-erased.js';

/** Erasures of one user that stay recorded. */
const KEPT_EVENTS = 10;
const ATTEMPTS = 5;

/** A user wants to be forgotten. May be repeated, and is to be when it fails halfway. */
export class EraseUser extends Command<void> {
  constructor(readonly userId: string) {
    super();
  }
}

/**
 * First what was personal becomes unreadable and the installs go, in one transaction; then the live calls end, and
 * whoever is told of that learns no name any more; then the sockets close.
 */
@CommandHandler(EraseUser)
export class EraseUserHandler implements ICommandHandler<EraseUser> {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: EventStore,
    private readonly registry: DeviceRegistry,
    private readonly calls: Calls,
    private readonly feed: EventFeed,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly events: EventBus,
  ) {}

  async execute({ userId }: EraseUser): Promise<void> {
    await this.record(userId);
    this.feed.recorded();
    this.store.evictKey(userId);
    this.calls.forgetCallsOf(userId);
    const recent = await this.queries.execute(new RecentCalls(userId));
    const live = recent.filter(({ state }) => state !== 'ended');
    await Promise.all(
      live.map(({ callId }) => this.commands.execute(new CloseCall(callId, 'participant_erased'))),
    );
    this.events.publish(new UserErased(userId));
  }

  /** Again when somebody else has recorded something about the user meanwhile: nothing of the attempt remains then. */
  private async record(userId: string): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const commandId = randomUUID();
      try {
        await this.dataSource.transaction((manager) => this.forget(manager, { userId, commandId }));
        return;
      } catch (error) {
        if (error instanceof Raced) continue;
        this.store.commands.markInDoubt(commandId); // committed all the same, it is heard through the feed
        throw error;
      }
    }
    throw new StoreUnavailable(new Error(`the user's stream changed during each of ${ATTEMPTS} attempts`));
  }

  /** The recorded event tells the other nodes, and the app's backend. Nothing left to forget is nothing to record. */
  private async forget(manager: EntityManager, { userId, commandId }: Erasure): Promise<void> {
    await this.registry.takeTurn(manager, [userId]);
    const [row] = await manager.query<{ erased: boolean }[]>('select erase_user($1) as erased', [userId]);
    const installs = await this.registry.unregisterAll(manager, userId);
    if (!row!.erased && installs === 0) return;
    const { status } = await this.store.recordWithin(
      async (text, values) => ({ rows: await manager.query(text, values) }),
      {
        streamId: `user-${userId}`,
        events: [{ type: 'UserErased', data: { userId } }],
        actor: null,
        commandId,
      },
      KEPT_EVENTS,
    );
    if (status !== 'appended') throw new Raced();
  }
}

interface Erasure {
  userId: string;
  commandId: string;
}

/** Rolls the transaction back. */
class Raced extends Error {}
