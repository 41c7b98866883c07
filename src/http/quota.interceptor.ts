import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { Speaker } from '../auth/speaker.js';
import { Quotas } from '../quotas.js';

/** Requests count with what the user says over sockets. */
@Injectable()
export class QuotaInterceptor implements NestInterceptor {
  constructor(private readonly quotas: Quotas) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { speaker } = context.switchToHttp().getRequest<{ speaker?: Speaker }>();
    if (speaker) this.quotas.takeOfUser(speaker.userId);
    return next.handle();
  }
}
