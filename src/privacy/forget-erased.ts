import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { Calls } from '../calls/calls.js';
import { EventStore } from '../event-store/event-store.js';
import { UserErased } from './user-erased.js';

/** What this node remembers of a user is forgotten, whichever node erased them. */
@EventsHandler(UserErased)
export class ForgetErased implements IEventHandler<UserErased> {
  constructor(
    private readonly store: EventStore,
    private readonly calls: Calls,
  ) {}

  handle({ userId }: UserErased): void {
    this.store.evictKey(userId);
    this.calls.forgetCallsOf(userId);
  }
}
