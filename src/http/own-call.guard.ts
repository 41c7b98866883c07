import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Speaker } from '../auth/speaker.js';
import { Calls } from '../calls/calls.js';
import { CallRefused } from '../calls/domain/refusal.js';
import { callId } from '../calls/payloads.js';
import { hidingCalls } from '../hidden-calls.js';

/** An action token speaks of its own call alone, under any of its names; for it there is no other. */
@Injectable()
export class OwnCallGuard implements CanActivate {
  constructor(private readonly calls: Calls) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { speaker, params } = context.switchToHttp().getRequest<Request & { speaker?: Speaker }>();
    if (speaker?.kind !== 'action') return true;
    const asked = callId.safeParse(params.callId).data;
    if (asked === speaker.callId) return true;
    return hidingCalls(async () => {
      const call = asked && (await this.calls.load(asked, speaker.userId));
      if (!call || call.state === 'none' || call.callId !== speaker.callId) {
        throw new CallRefused('CALL_NOT_FOUND');
      }
      return true;
    });
  }
}
