import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable, finalize } from 'rxjs';
import type { Speaker } from '../auth/speaker.js';
import { Quotas } from '../quotas.js';

/** Requests count with what the user says over sockets. */
@Injectable()
export class QuotaInterceptor implements NestInterceptor {
  constructor(private readonly quotas: Quotas) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<{ speaker?: Speaker; body?: unknown }>();
    const { speaker, body } = request;
    if (!speaker) return next.handle();
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : 0;
    this.quotas.takeOfUser(speaker.userId);
    this.quotas.takeBytesOfUser(speaker.userId, bytes);
    const release = this.quotas.hold(speaker.userId, bytes);
    return next.handle().pipe(finalize(release));
  }
}
