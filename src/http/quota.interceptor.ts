import type { ServerResponse } from 'node:http';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable, finalize } from 'rxjs';
import type { Speaker } from '../auth/principal.js';
import { Quotas } from '../limits/quotas.js';

/** Requests and their answers count with what the user says over sockets. */
@Injectable()
export class QuotaInterceptor implements NestInterceptor {
  constructor(private readonly quotas: Quotas) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<{ speaker?: Speaker; body?: unknown }>();
    const response = http.getResponse<ServerResponse>();
    const { speaker, body } = request;
    if (!speaker) return next.handle();
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : 0;
    this.quotas.takeOfUser(speaker.userId);
    this.quotas.takeBytesOfUser(speaker.userId, bytes);
    response.once('finish', () =>
      this.quotas.chargeAnswer(speaker.userId, Number(response.getHeader('content-length') ?? 0)),
    );
    const release = this.quotas.hold(speaker.userId, bytes);
    return next.handle().pipe(finalize(release));
  }
}
