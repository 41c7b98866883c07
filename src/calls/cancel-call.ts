import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Calls } from './calls.js';
import type { Actor, ExistingCall } from './domain/call.js';
import { cancel } from './domain/decide.js';
import { CallRefused } from './domain/refusal.js';

/** Answers with the cancelled call, or null for a call this user cannot see or that does not exist yet. */
export class CancelCall extends Command<ExistingCall | null> {
  constructor(
    readonly by: Actor,
    readonly callId: string,
  ) {
    super();
  }
}

/** A cancel may overtake its own initiate: then the id is remembered, and the call will ring nobody. */
@CommandHandler(CancelCall)
export class CancelCallHandler implements ICommandHandler<CancelCall> {
  constructor(private readonly calls: Calls) {}

  async execute(command: CancelCall): Promise<ExistingCall | null> {
    const cancelled = await this.cancel(command);
    if (cancelled) return cancelled;
    await this.calls.cancelBeforehand(command.by.userId, command.callId);
    // The initiate may have slipped in between the look and the note; from now on it cannot.
    return this.cancel(command);
  }

  private async cancel({ callId, by }: CancelCall): Promise<ExistingCall | null> {
    try {
      return (await this.calls.change(callId, by, (call) => cancel(call, { by }))).call;
    } catch (error) {
      if (error instanceof CallRefused && error.code === 'CALL_NOT_FOUND') return null;
      throw error;
    }
  }
}
