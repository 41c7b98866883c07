import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { CLOCK, type Clock } from '../clock.js';
import { Calls, type Change } from './calls.js';
import type { Actor } from './domain/call.js';
import { answer } from './domain/decide.js';

export class AnswerCall extends Command<Change> {
  constructor(
    readonly by: Actor,
    readonly callId: string,
  ) {
    super();
  }
}

@CommandHandler(AnswerCall)
export class AnswerCallHandler implements ICommandHandler<AnswerCall> {
  constructor(
    private readonly calls: Calls,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  execute({ callId, by }: AnswerCall): Promise<Change> {
    return this.calls.change(callId, by, (call) => answer(call, { by, now: this.clock.now() }));
  }
}
