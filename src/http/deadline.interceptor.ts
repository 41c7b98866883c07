import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Observable, throwError, timeout } from 'rxjs';
import { ANSWER_MS, tooLate } from '../time/deadline.js';

const MAY_TAKE = Symbol('may take');
/** For questions that read much: no call waits for their answer. */
export const MayTake = (ms: number): MethodDecorator & ClassDecorator => SetMetadata(MAY_TAKE, ms);

/** Every request is answered in time, also while PostgreSQL hangs. */
@Injectable()
export class DeadlineInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const of = [context.getHandler(), context.getClass()];
    const first = this.reflector.getAllAndOverride<number | undefined>(MAY_TAKE, of) ?? ANSWER_MS;
    return next.handle().pipe(timeout({ first, with: () => throwError(tooLate) }));
  }
}
