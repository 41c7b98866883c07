import { SignJWT, errors, jwtVerify } from 'jose';
import type { Clock } from '../time/clock.js';
import { Failure } from '../errors/api-error.js';

/** What the bearer of a push may do: ring, answer or decline one call, on one device. */
export interface ActionGrant {
  callId: string;
  userId: string;
  deviceId: string;
}

export const ACTION_TOKEN_TYPE = 'ringway-action+jwt';

/**
 * Call-scoped tokens that go out in pushes, so that a woken phone can act with one HTTP request and no login. They are
 * signed with a key of their own: an action token is never a user's token, nor the other way round.
 */
export class ActionTokens {
  private readonly key: Uint8Array;

  constructor(
    secret: string,
    private readonly clock: Clock,
  ) {
    this.key = new TextEncoder().encode(secret);
  }

  /** @param expiresAt milliseconds since the epoch */
  issue({ callId, userId, deviceId }: ActionGrant, expiresAt: number): Promise<string> {
    return new SignJWT({ cid: callId, did: deviceId })
      .setProtectedHeader({ alg: 'HS256', typ: ACTION_TOKEN_TYPE })
      .setSubject(userId)
      .setExpirationTime(Math.ceil(expiresAt / 1_000))
      .sign(this.key);
  }

  /** @throws Failure `TOKEN_EXPIRED` or `UNAUTHENTICATED` */
  async verify(token: string): Promise<ActionGrant> {
    try {
      const { payload } = await jwtVerify<{ cid: string; did: string }>(token, this.key, {
        ...{ algorithms: ['HS256'], typ: ACTION_TOKEN_TYPE, requiredClaims: ['sub', 'exp', 'cid', 'did'] },
        currentDate: new Date(this.clock.now()),
      });
      return { callId: payload.cid, userId: payload.sub!, deviceId: payload.did };
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        throw new Failure('TOKEN_EXPIRED', 'The action token has expired.');
      throw new Failure('UNAUTHENTICATED', 'The action token is not valid.');
    }
  }
}
