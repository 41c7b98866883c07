import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import { type Observable, firstValueFrom, from } from 'rxjs';
import { hidingCalls } from '../hidden-calls.js';

/** Requests about one call are answered like commands about one: who may not see it learns nothing from the time. */
@Injectable()
export class HiddenCallsInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { params } = context.switchToHttp().getRequest<Request>();
    if (params.callId === undefined) return next.handle();
    return from(hidingCalls(() => firstValueFrom(next.handle())));
  }
}
