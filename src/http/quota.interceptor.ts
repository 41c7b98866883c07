import type { ServerResponse } from 'node:http';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable, finalize } from 'rxjs';
import type { Principal } from '../auth/principal.js';
import { Quotas } from '../limits/quotas.js';

/** Requests and their answers count with what the user says over sockets. */
@Injectable()
export class QuotaInterceptor implements NestInterceptor {
  constructor(private readonly quotas: Quotas) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<{ principal?: Principal; body?: unknown }>();
    const response = http.getResponse<ServerResponse>();
    const { principal, body } = request;
    if (!principal) return next.handle();
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : 0;
    this.quotas.takeOfUser(principal.userId);
    this.quotas.takeBytesOfUser(principal.userId, bytes);
    // Also when its client has hung up: the answer was made.
    response.once('close', () =>
      this.quotas.chargeAnswer(principal.userId, Number(response.getHeader('content-length') ?? 0)),
    );
    const release = this.quotas.hold(principal.userId, bytes);
    return next.handle().pipe(finalize(release));
  }
}
