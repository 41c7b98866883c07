import { RingwayError } from './error.js';

export type TokenSource = string | (() => Promise<string>);

/** What a token says of itself. Read to know when to renew it; who verifies it is the gateway. */
export interface Claims {
  userId: string | null;
  /** Milliseconds since the epoch, by the clock of whoever issued it. */
  expiresAt: number | null;
}

/** The app's token: fetched when it is needed, kept until it is no good any more. */
export class Tokens {
  claims: Claims = { userId: null, expiresAt: null };
  private kept: Promise<string> | null = null;

  constructor(private readonly source: TokenSource) {
    if (typeof source === 'string') this.claims = claimsOf(source);
  }

  /** Whether there can be another one. */
  get renewable(): boolean {
    return typeof this.source !== 'string';
  }

  /** @throws RingwayError `NO_TOKEN` when the app's function fails */
  get(): Promise<string> {
    this.kept ??= this.fetch().catch((error: unknown) => {
      this.kept = null;
      throw error;
    });
    return this.kept;
  }

  /** The kept one is no good (any more). */
  drop(): void {
    this.kept = null;
  }

  private async fetch(): Promise<string> {
    if (typeof this.source === 'string') return this.source;
    try {
      const token = await this.source();
      this.claims = claimsOf(token);
      return token;
    } catch (cause) {
      throw new RingwayError('NO_TOKEN', 'The token function failed.', { retryable: true, cause });
    }
  }
}

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
