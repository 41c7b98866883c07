import { SignJWT, importPKCS8 } from 'jose';
import type { Clock } from '../clock.js';

export interface ProviderTokenOptions {
  teamId: string;
  keyId: string;
  /** The `.p8` file's PKCS#8 PEM, an EC P-256 key. */
  key: string;
  clock: Clock;
  /** When a token is replaced by itself; Apple wants 20 to 60 minutes. */
  renewAfterMinutes?: number;
}

const minute = 60_000;
const shortestLife = 20 * minute;
/** A token this far in the future was signed before somebody set the clock back. */
const skew = minute;

/**
 * The JWT that proves to APNs who is pushing, one per key. ES256 signatures differ each time, and to Apple another
 * string is another token, so the string is kept and handed to everyone until it is 50 minutes old.
 * @see https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns
 */
export class ProviderToken {
  #jwt: string | null = null;
  #mintedAt = 0;
  #forcedAt = -Infinity;
  #minting: Promise<string | null> | null = null;
  readonly #life: number;
  readonly #options: ProviderTokenOptions;

  constructor(options: ProviderTokenOptions) {
    const minutes = options.renewAfterMinutes ?? 50;
    if (minutes < 20 || minutes > 60)
      throw new RangeError('Apple wants a provider token renewed every 20 to 60 minutes');
    this.#life = minutes * minute;
    this.#options = options;
  }

  /** The token to send with, or null when the key cannot sign. */
  async current(): Promise<string | null> {
    const age = this.#options.clock.now() - this.#mintedAt;
    if (this.#jwt !== null && age < this.#life && age > -skew) return this.#jwt;
    return this.#mint();
  }

  /**
   * Another token than the one APNs called expired, or null when there may be none: if a token signed because of an
   * ExpiredProviderToken is called expired again within 20 minutes, our clock is wrong, and more tokens would only
   * earn 429 TooManyProviderTokenUpdates. Of many who fail with the same token, the first one renews it for all.
   */
  async renew(failed: string): Promise<string | null> {
    if (this.#minting !== null) return this.#minting;
    if (this.#jwt !== failed) return this.current();
    const now = this.#options.clock.now();
    if (Math.abs(now - this.#forcedAt) < shortestLife) return null;
    this.#forcedAt = now;
    return this.#mint();
  }

  #mint(): Promise<string | null> {
    this.#minting ??= this.#sign().finally(() => (this.#minting = null));
    return this.#minting;
  }

  async #sign(): Promise<string | null> {
    const { teamId, keyId, key, clock } = this.#options;
    const now = clock.now();
    try {
      const jwt = await new SignJWT()
        .setProtectedHeader({ alg: 'ES256', kid: keyId })
        .setIssuer(teamId)
        .setIssuedAt(Math.floor(now / 1000))
        .sign(await importPKCS8(key, 'ES256'));
      this.#jwt = jwt;
      this.#mintedAt = now;
      return jwt;
    } catch {
      return null; // not a P-256 key in PKCS#8; the reason could quote it
    }
  }
}
