import { SignJWT, importPKCS8 } from 'jose';
import type { Clock } from '../time/clock.js';
import { postForm } from './post-form.js';
import { jsonObject, refused, retryAfterMs, type PushDelayed, type PushRefused } from './push-result.js';
import { trust } from './tls-context.js';

export interface ServiceAccount {
  clientEmail: string;
  /** PKCS#8 PEM, an RSA key. */
  privateKey: string;
  /** Where the token comes from; also the audience of the assertion. */
  tokenUri: string;
}

export type AccessTokenResult = { token: string } | PushDelayed | PushRefused;

const scope = 'https://www.googleapis.com/auth/firebase.messaging';
const minute = 60_000;
const answerMs = 2000;
const pauseMs = 250;

/**
 * The OAuth 2 access token of one service account, kept until five minutes before it expires. From then on it is
 * renewed beside the pushes, which go on using the old one until it has truly expired, so a token endpoint that is
 * down for a while delays nobody. Failures are results, as a push would have them.
 * @see https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
export class AccessToken {
  #token: string | null = null;
  #renewAt = 0;
  #expiresAt = 0;
  #forcedAt = -Infinity;
  #proven = true;
  #failedAt = -Infinity;
  #lastFailure: PushDelayed | PushRefused | null = null;
  #fetching: Promise<AccessTokenResult> | null = null;
  readonly #tls: ReturnType<typeof trust>;
  readonly #account: ServiceAccount;
  readonly #clock: Clock;

  constructor(account: ServiceAccount, { ca, clock }: { ca?: string | undefined; clock: Clock }) {
    if (!/^https?:$/.test(new URL(account.tokenUri).protocol))
      throw new TypeError('A token_uri is an http(s) URL');
    this.#account = account;
    this.#clock = clock;
    this.#tls = trust(ca);
  }

  async current(): Promise<AccessTokenResult> {
    const now = this.#clock.now();
    if (this.#token === null || now >= this.#expiresAt) return this.#fetch();
    if (now >= this.#renewAt) void this.#fetch();
    return { token: this.#token };
  }

  /** FCM knew who was speaking. */
  accepted(token: string): void {
    if (token === this.#token) this.#proven = true;
  }

  /**
   * Another token than the one FCM answered with 401. Null when there may be none: a token fetched for this reason
   * that has never worked and is refused within the same minute means that tokens are not the trouble.
   */
  async renew(failed: string): Promise<AccessTokenResult | null> {
    if (this.#token !== failed) return this.current();
    const now = this.#clock.now();
    if (!this.#proven && Math.abs(now - this.#forcedAt) < minute) return null;
    this.#forcedAt = now;
    this.#proven = false;
    this.#token = null;
    return this.#fetch();
  }

  /** All who ask at once share one request; after a failure they share that for a moment, lest Google be stormed. */
  #fetch(): Promise<AccessTokenResult> {
    const sinceFailure = this.#clock.now() - this.#failedAt;
    if (this.#lastFailure !== null && sinceFailure >= 0 && sinceFailure < pauseMs) {
      return Promise.resolve(this.#lastFailure);
    }
    this.#fetching ??= this.#ask().finally(() => (this.#fetching = null));
    return this.#fetching;
  }

  async #ask(): Promise<AccessTokenResult> {
    const result = await this.#exchange();
    this.#lastFailure = 'token' in result ? null : result;
    if (this.#lastFailure !== null) this.#failedAt = this.#clock.now();
    return result;
  }

  async #exchange(): Promise<AccessTokenResult> {
    const { tokenUri } = this.#account;
    const asked = this.#clock.now();
    const assertion = await this.#assertion(asked);
    if (assertion === null) return refused('BadServiceAccount', true);

    const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
    const reply = await postForm(tokenUri, form, this.#tls, answerMs);
    if ('failure' in reply) return delayed(reply.failure, null);

    const { status } = reply;
    const answer = jsonObject(reply.body);
    if (status === 200 && typeof answer.access_token === 'string') {
      const life =
        typeof answer.expires_in === 'number' && answer.expires_in > 0
          ? answer.expires_in * 1000
          : 10 * minute;
      this.#token = answer.access_token;
      this.#expiresAt = asked + life;
      this.#renewAt = this.#expiresAt - Math.min(5 * minute, life / 2);
      return { token: this.#token };
    }
    if (status === 408 || status === 429 || status >= 500) {
      return delayed(String(status), retryAfterMs(reply.retryAfter, this.#clock.now()));
    }
    const error =
      typeof answer.error === 'string' && /^[a-z_]{1,40}$/.test(answer.error) ? answer.error : String(status);
    return { outcome: 'rejected', status, reason: `AccessToken.${error}`, configuration: true };
  }

  async #assertion(now: number): Promise<string | null> {
    const { clientEmail, privateKey, tokenUri } = this.#account;
    const seconds = Math.floor(now / 1000);
    try {
      return await new SignJWT({ scope })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
        .setIssuer(clientEmail)
        .setAudience(tokenUri)
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + 3600)
        .sign(await importPKCS8(privateKey, 'RS256'));
    } catch {
      return null; // not an RSA key in PKCS#8; the reason could quote it
    }
  }
}

function delayed(why: string, retryAfter: number | null): PushDelayed {
  return { outcome: 'retry', status: null, reason: `AccessToken.${why}`, retryAfterMs: retryAfter };
}
