import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { CLOCK, type Clock } from '../time/clock.js';
import { Calls, type Change } from './calls.js';
import { type Actor, isUnanswered } from './domain/call.js';
import { answer, timeOut } from './domain/decide.js';
import { CallRefused } from './domain/refusal.js';

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

  async execute(command: AnswerCall): Promise<Change> {
    try {
      return await this.answer(command);
    } catch (refused) {
      if (!(refused instanceof CallRefused) || refused.code !== 'CALL_ALREADY_ENDED') throw refused;
      // Refused by the clock alone? Recorded before anybody is told: an answer given in time may still be on its way to
      // the disk, or has arrived there just now, and one of the two has to lose there.
      if (isUnanswered(await this.calls.load(command.callId)))
        await this.calls.change(command.callId, null, timeOut);
      return this.answer(command);
    }
  }

  private answer({ callId, by }: AnswerCall): Promise<Change> {
    return this.calls.change(callId, by, (call) => answer(call, { by, now: this.clock.now() }));
  }
}
