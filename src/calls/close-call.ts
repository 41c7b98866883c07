import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls, type Change } from './calls.js';
import type { Call, CallEvent } from './domain/call.js';
import { erase, expire, fail, timeOut } from './domain/decide.js';

const decisions = {
  /** Nobody picked up in time. */
  timeout: timeOut,
  /** Neither a live socket nor a push can reach the callee. */
  unreachable: fail,
  /** Answered, and ended by nobody. */
  max_duration: expire,
  /** One of its users was erased. */
  participant_erased: erase,
} satisfies Record<string, (call: Call) => CallEvent[]>;

/** The gateway closes a call by itself. Somebody else having been faster is normal and changes nothing. */
export class CloseCall extends Command<Change> {
  constructor(
    readonly callId: string,
    readonly because: keyof typeof decisions,
  ) {
    super();
  }
}

@CommandHandler(CloseCall)
export class CloseCallHandler implements ICommandHandler<CloseCall> {
  constructor(private readonly calls: Calls) {}

  execute({ callId, because }: CloseCall): Promise<Change> {
    return this.calls.change(callId, null, decisions[because]);
  }
}
