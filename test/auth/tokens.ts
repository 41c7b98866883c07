import { type JWTPayload, SignJWT } from 'jose';
import { Failure } from '../../src/errors/api-error.js';

export const NOW = Date.parse('2026-11-22T12:00:00.000Z');
export const IN_AN_HOUR = NOW / 1_000 + 3_600;
export const clock = { now: () => NOW };

export const key = (secret: string): Uint8Array => new TextEncoder().encode(secret);

/** A token as the app's backend signs it, unless it says otherwise. */
export const signed = (
  secret: string,
  claims: JWTPayload = { sub: 'alice', exp: IN_AN_HOUR },
  header: { alg: string; typ?: string; [name: string]: unknown } = { alg: 'HS256' },
): Promise<string> => new SignJWT(claims).setProtectedHeader(header).sign(key(secret));

const base64url = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');
/** A token whose three parts are just what is given. */
export const forged = (header: object, claims: object, signature = ''): string =>
  `${base64url(header)}.${base64url(claims)}.${signature}`;

/** The code a promise of a user is refused with; `accepted` when it is not. */
export const refusalOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: unknown) => {
      if (error instanceof Failure) return error.code;
      throw error;
    },
  );
