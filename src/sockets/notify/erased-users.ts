import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { UserErased } from '../../privacy/user-erased.js';
import { Sessions } from '../session/sessions.js';

/** The sockets of a user who was erased end. Should the user still have an account, a new connection begins anew. */
@EventsHandler(UserErased)
export class ErasedUsers implements IEventHandler<UserErased> {
  constructor(private readonly sessions: Sessions) {}

  handle({ userId }: UserErased): void {
    for (const { socket } of this.sessions.of(userId)) {
      socket.emit('session:expired', {});
      socket.disconnect(true);
    }
  }
}
