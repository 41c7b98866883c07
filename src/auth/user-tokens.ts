import type { OnModuleDestroy } from '@nestjs/common';
import {
  type JWTPayload,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  SignJWT,
  errors,
  jwtVerify,
} from 'jose';
import type { Clock } from '../time/clock.js';
import type { Config } from '../config/config.js';
import { Failure } from '../errors/api-error.js';
import { cleanText, findFlaw } from '../protocol/json-guard.js';
import { ACTION_TOKEN_TYPE } from './action-tokens.js';
import { type KeyTiming, ProviderKeys, isProviderAway } from './provider-keys.js';

export interface User {
  userId: string;
  name: string | null;
  /** When the token ends, in milliseconds since the epoch. */
  expiresAt: number;
  /** What the token's `scope` claim lists (RFC 9068, section 2.2.3). */
  scopes: readonly string[];
}

const MAX_TOKEN_LENGTH = 8_192;
const MAX_NAME_LENGTH = 200;
const DEVELOPMENT_TOKEN_S = 86_400;
/** How far the clock of whoever signs tokens may be ahead of PostgreSQL's (`nbf`, `iat`), in seconds. */
const AHEAD_S = 60;
/** The last instant a JavaScript Date can hold. */
const END_OF_TIME_MS = 8_640_000_000_000_000;

type Verify = (token: string, options: JWTVerifyOptions) => Promise<JWTVerifyResult>;

/**
 * The app's own tokens: HS256 with a shared secret, or whatever an identity provider signs (JWKS). Which algorithms
 * count is the configuration's choice, never the token's (RFC 8725, section 3.1).
 */
export class UserTokens implements OnModuleDestroy {
  private readonly verifySignature: Verify;
  private readonly keys: ProviderKeys | null;
  private readonly secret: Uint8Array;

  constructor(
    private readonly auth: Config['auth'],
    private readonly clock: Clock,
    fallbackSecret: string,
    keyTiming?: KeyTiming,
  ) {
    this.secret = new TextEncoder().encode(auth.secret ?? fallbackSecret);
    this.keys = auth.jwksUrl === null ? null : new ProviderKeys(auth.jwksUrl, keyTiming);
    this.verifySignature = this.keys ? via(this.keys) : this.viaSecret;
  }

  onModuleDestroy(): void {
    this.keys?.stop();
  }

  /** @throws Failure `UNAUTHENTICATED`, `TOKEN_EXPIRED`, or `UNAVAILABLE` when the identity provider does not answer */
  async verify(token: unknown): Promise<User> {
    if (typeof token !== 'string' || token === '')
      throw new Failure('UNAUTHENTICATED', 'A token is required.');
    if (token.length > MAX_TOKEN_LENGTH) throw new Failure('UNAUTHENTICATED', 'The token is too long.');
    let verified: JWTVerifyResult;
    try {
      verified = await this.verifySignature(token, {
        requiredClaims: ['sub', 'exp'],
        issuer: this.auth.issuer ?? undefined,
        audience: this.auth.audience ?? undefined,
        currentDate: new Date(this.clock.now()),
        clockTolerance: AHEAD_S,
      });
      // The tolerance is for what lies ahead; what has ended has ended.
      if (verified.payload.exp! * 1_000 <= this.clock.now())
        throw new Failure('TOKEN_EXPIRED', 'The token has expired.');
      // jose looks at `iat` only where a longest age is asked for.
      if ((verified.payload.iat ?? 0) > this.clock.now() / 1_000 + AHEAD_S)
        throw new Failure('UNAUTHENTICATED', 'The token is not valid: its claim iat lies ahead.');
    } catch (error) {
      throw error instanceof Failure ? error : refusal(error);
    }
    // Signed with another key already; and even if somebody made both secrets the same, it is good for one call only.
    if (verified.protectedHeader.typ === ACTION_TOKEN_TYPE) {
      throw new Failure('UNAUTHENTICATED', 'An action token does not sign a user in.');
    }
    return userOf(verified.payload);
  }

  /** A token for trying things out (demo mode only). */
  async issueForDevelopment(
    userId: string,
    name: string | null,
    scope: string | null = null,
  ): Promise<{ token: string; expiresAt: number }> {
    const expiresAt = Math.floor(this.clock.now() / 1_000) + DEVELOPMENT_TOKEN_S;
    const token = new SignJWT({ ...(name === null ? {} : { name }), ...(scope === null ? {} : { scope }) })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(userId)
      .setIssuedAt(Math.floor(this.clock.now() / 1_000))
      .setExpirationTime(expiresAt);
    if (this.auth.issuer) token.setIssuer(this.auth.issuer);
    if (this.auth.audience) token.setAudience(this.auth.audience);
    return { token: await token.sign(this.secret), expiresAt: expiresAt * 1_000 };
  }

  private readonly viaSecret: Verify = (token, options) =>
    jwtVerify(token, this.secret, { ...options, algorithms: ['HS256'] });
}

/** A token without a key id is good when just one key fits its algorithm (RFC 7515 leaves `kid` to the signer). */
const via =
  (keys: ProviderKeys): Verify =>
  (token, options) =>
    jwtVerify(token, keys.find, { ...options, algorithms: ['RS256', 'ES256', 'EdDSA', 'Ed25519'] });

function refusal(error: unknown): Failure {
  if (error instanceof errors.JWTExpired) return new Failure('TOKEN_EXPIRED', 'The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new Failure(
      'UNAUTHENTICATED',
      `The token is not valid: its claim ${error.claim} is missing or wrong.`,
    );
  }
  if (isProviderAway(error))
    return new Failure('UNAVAILABLE', 'The identity provider does not answer; try again.');
  return new Failure('UNAUTHENTICATED', 'The token is not valid.');
}

function userOf({ sub: subject, name, exp, scope }: JWTPayload): User {
  // RFC 7519 wants a text; many backends put a number there.
  const sub: unknown =
    typeof subject === 'number' && Number.isSafeInteger(subject) ? String(subject) : subject;
  if (
    typeof sub !== 'string' ||
    sub.length < 1 ||
    sub.length > 256 ||
    [...sub].length > 128 ||
    findFlaw(sub)
  ) {
    throw new Failure('UNAUTHENTICATED', 'The token is not valid: sub must be 1 to 128 characters long.');
  }
  return {
    ...{ userId: sub, name: nameOf(name), expiresAt: Math.min((exp ?? 0) * 1_000, END_OF_TIME_MS) },
    scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [],
  };
}

/** Longer names are cut, on a border between characters. */
function nameOf(name: unknown): string | null {
  if (typeof name !== 'string') return null;
  const characters = [...cleanText(name)];
  const cut =
    characters.length > MAX_NAME_LENGTH ? characters.slice(0, MAX_NAME_LENGTH).join('') : characters.join('');
  return cut.trim() === '' ? null : cut;
}
