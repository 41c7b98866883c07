import { RingwayError } from './error.js';
import { inTime } from './retry.js';

export type TokenSource = string | (() => Promise<string>);

/** What a token says of itself. Read to know when to renew it; who verifies it is the gateway. */
export interface Claims {
  userId: string | null;
  /** Milliseconds since the epoch, by the clock of whoever issued it. */
  expiresAt: number | null;
}

/** How long the app's function may take: a backend that takes longer does not answer any more. */
const TOKEN_WITHIN_MS = 10_000;

/** The app's token: fetched when it is needed, kept until it is no good any more. */
export class Tokens {
  claims: Claims = { userId: null, expiresAt: null };
  /** The kept one, once it is there. */
  current: string | null = null;
  private kept: Promise<string> | null = null;
  /** Counts what was dropped, so that a late answer about an old one says nothing of the new one. */
  private round = 0;
  /** Whose token it was last. */
  private user: string | null = null;
  private otherUser: () => void = () => undefined;

  constructor(
    private readonly source: TokenSource,
    private readonly withinMs = TOKEN_WITHIN_MS,
  ) {
    if (typeof source === 'string') this.claims = claimsOf(source);
  }

  /** Whether there can be another one. */
  get renewable(): boolean {
    return typeof this.source !== 'string';
  }

  /** @param otherUser called as soon as a token is of somebody else than the one before */
  onOtherUser(otherUser: () => void): void {
    this.otherUser = otherUser;
  }

  /** @throws RingwayError `NO_TOKEN` when the app's function fails, or does not come to an end */
  get(withinMs = this.withinMs): Promise<string> {
    const { round } = this;
    this.kept ??= this.fetch().catch((error: unknown) => {
      if (round === this.round) this.kept = null;
      throw error;
    });
    return inTime(this.kept, withinMs, () => noToken(`gave no token within ${Math.round(withinMs)} ms`));
  }

  /** The kept one is no good (any more). */
  drop(): void {
    this.round++;
    this.kept = this.current = null;
  }

  private async fetch(): Promise<string> {
    if (typeof this.source === 'string') return (this.current = this.source);
    const { source, withinMs, round } = this;
    const late = (): RingwayError => noToken(`gave no token within ${withinMs} ms`);
    // Called in `then`, so that what it throws at once is caught as well.
    const asked = Promise.resolve()
      .then(source)
      .catch((cause: unknown) => {
        throw noToken('failed', cause);
      });
    const token = await inTime(asked, withinMs, late);
    if (typeof token !== 'string' || token === '') throw noToken('gave something else than a token');
    if (round === this.round) {
      this.current = token;
      this.learn(claimsOf(token));
    }
    return token;
  }

  private learn(claims: Claims): void {
    const { user } = this;
    this.claims = claims;
    if (claims.userId === null) return; // no token at all, as the gateway is going to say
    this.user = claims.userId;
    if (user !== null && user !== this.user) this.otherUser();
  }
}

const noToken = (did: string, cause?: unknown): RingwayError =>
  new RingwayError('NO_TOKEN', `The token function ${did}.`, { retryable: true, cause });

/** Of a JWT (RFC 7519); nothing is known of any other token. */
export function claimsOf(token: string): Claims {
  try {
    const { sub, exp } = JSON.parse(fromBase64Url(token.split('.')[1]!)) as Record<string, unknown>;
    return {
      userId: typeof sub === 'string' ? sub : null,
      expiresAt: typeof exp === 'number' ? exp * 1_000 : null,
    };
  } catch {
    return { userId: null, expiresAt: null };
  }
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** By hand, because not every React Native has `atob` and `TextDecoder`. */
function fromBase64Url(text: string): string {
  let bits = '';
  for (const digit of text) bits += DIGITS.indexOf(digit).toString(2).padStart(6, '0');
  const bytes = bits.match(/.{8}/g) ?? [];
  return decodeURIComponent(
    bytes.map((byte) => `%${parseInt(byte, 2).toString(16).padStart(2, '0')}`).join(''),
  );
}
