import { Injectable } from '@nestjs/common';
import type { ExistingCall } from './domain/call.js';

/** The live calls this node has seen, its own and those of other nodes, by who started them. */
@Injectable()
export class LiveCalls {
  private readonly byCaller = new Map<string, Set<string>>();

  seen({ callId, state, caller: { userId } }: ExistingCall): void {
    const calls = this.byCaller.get(userId);
    if (state !== 'ended') this.byCaller.set(userId, (calls ?? new Set()).add(callId));
    else if (calls?.delete(callId) && calls.size === 0) this.byCaller.delete(userId);
  }

  startedBy(userId: string): number {
    return this.byCaller.get(userId)?.size ?? 0;
  }
}
