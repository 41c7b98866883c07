import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls, type Change } from './calls.js';
import type { Actor } from './domain/call.js';
import { decline } from './domain/decide.js';

export class DeclineCall extends Command<Change> {
  constructor(
    readonly by: Actor,
    readonly callId: string,
    readonly reason: 'declined' | 'busy' = 'declined',
  ) {
    super();
  }
}

@CommandHandler(DeclineCall)
export class DeclineCallHandler implements ICommandHandler<DeclineCall> {
  constructor(private readonly calls: Calls) {}

  execute({ callId, by, reason }: DeclineCall): Promise<Change> {
    return this.calls.change(callId, by, (call) => decline(call, { by, reason }));
  }
}
