import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import { type Observable, from, switchMap } from 'rxjs';
import type { Speaker } from '../auth/principal.js';
import { Calls } from '../calls/calls.js';
import { CallRefused } from '../calls/domain/refusal.js';
import { callId } from '../protocol/payloads.js';

/** An action token speaks of its own call alone, under any of its names; for it there is no other. */
@Injectable()
export class OwnCallInterceptor implements NestInterceptor {
  constructor(private readonly calls: Calls) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { speaker, params } = context.switchToHttp().getRequest<Request & { speaker?: Speaker }>();
    if (speaker?.kind !== 'action') return next.handle();
    const asked = callId.safeParse(params.callId).data;
    if (asked === speaker.callId) return next.handle();
    return from(this.insist(asked, speaker.callId)).pipe(switchMap(() => next.handle()));
  }

  private async insist(asked: string | undefined, ownCallId: string): Promise<void> {
    const call = asked && (await this.calls.load(asked));
    if (!call || call.state === 'none' || call.callId !== ownCallId) throw new CallRefused('CALL_NOT_FOUND');
  }
}
