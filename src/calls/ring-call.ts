import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls, type Change } from './calls.js';
import type { Actor } from './domain/call.js';
import { ring } from './domain/decide.js';

export class RingCall extends Command<Change> {
  constructor(
    readonly by: Actor,
    readonly callId: string,
  ) {
    super();
  }
}

@CommandHandler(RingCall)
export class RingCallHandler implements ICommandHandler<RingCall> {
  constructor(private readonly calls: Calls) {}

  execute({ callId, by }: RingCall): Promise<Change> {
    return this.calls.change(callId, by, (call) => ring(call, { by }));
  }
}
