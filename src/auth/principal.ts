import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  createParamDecorator,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { decodeProtectedHeader } from 'jose';
import { Failure } from '../errors/api-error.js';
import { ACTION_TOKEN_TYPE, type ActionGrant, ActionTokens } from './action-tokens.js';
import { type User, UserTokens } from './user-tokens.js';

/** Who sent an HTTP request: a user with their token, or a woken phone with the action token of one call. */
export type Speaker = ({ kind: 'user' } & User) | ({ kind: 'action' } & ActionGrant);

type Heard = Request & { speaker?: Speaker };

const ACCESS = Symbol('access');
/** The route needs no token. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, 'public');
/** The route also takes the action token of the call it is about; `OwnCallInterceptor` sees to that. */
export const WithActionToken = (): MethodDecorator => SetMetadata(ACCESS, 'action');

/** The route is for operators alone: a user token whose `scope` claim lists {@link OPERATOR_SCOPE}. */
export const ForOperators = (): ClassDecorator => SetMetadata(ACCESS, 'operator');
export const OPERATOR_SCOPE = 'ringway:operator';

/** The {@link Speaker} of the request, as a parameter of a route. */
export const Speaking = createParamDecorator((_: unknown, context: ExecutionContext): Speaker => {
  const { speaker } = context.switchToHttp().getRequest<Heard>();
  if (!speaker) throw new Failure('UNAUTHENTICATED', 'A token is required.');
  return speaker;
});

/** The user of the request; routes that take no action token have nobody else. */
export const SpeakingUser = createParamDecorator((_: unknown, context: ExecutionContext): User => {
  const { speaker } = context.switchToHttp().getRequest<Heard>();
  if (speaker?.kind !== 'user') throw new Failure('UNAUTHENTICATED', 'A user token is required.');
  return speaker;
});

/** Every route needs a token unless it says otherwise. */
@Injectable()
export class SpeakerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly users: UserTokens,
    private readonly actions: ActionTokens,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<string | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<Heard>();
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new Failure('UNAUTHENTICATED', 'Send "Authorization: Bearer <token>".');
    if (!isActionToken(token)) {
      const user = await this.users.verify(token);
      if (access === 'operator' && !user.scopes.includes(OPERATOR_SCOPE)) {
        throw new Failure('NOT_ALLOWED', `This needs a token whose scope claim contains ${OPERATOR_SCOPE}.`);
      }
      request.speaker = { kind: 'user', ...user };
      return true;
    }
    const grant = await this.actions.verify(token);
    if (access !== 'action')
      throw new Failure('NOT_ALLOWED', 'An action token is good for its own call only.');
    request.speaker = { kind: 'action', ...grant };
    return true;
  }
}

function isActionToken(token: string): boolean {
  try {
    return decodeProtectedHeader(token).typ === ACTION_TOKEN_TYPE;
  } catch {
    return false;
  }
}
