import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls, type Change } from './calls.js';
import type { Actor } from './domain/call.js';
import { end } from './domain/decide.js';

export class EndCall extends Command<Change> {
  constructor(
    readonly by: Actor,
    readonly callId: string,
  ) {
    super();
  }
}

@CommandHandler(EndCall)
export class EndCallHandler implements ICommandHandler<EndCall> {
  constructor(private readonly calls: Calls) {}

  execute({ callId, by }: EndCall): Promise<Change> {
    return this.calls.change(callId, by, (call) => end(call, { by }));
  }
}
