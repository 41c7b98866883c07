import { SignJWT, importPKCS8 } from 'jose';
import type { Clock } from '../time/clock.js';

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
/** Between tokens that were signed because of an ExpiredProviderToken, while none of them was accepted. */
const patience = 5_000;
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
  #proven = true;
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

  /** APNs took a push with this token. */
  accepted(jwt: string): void {
    if (jwt === this.#jwt) this.#proven = true;
  }

  /**
   * Another token than the one APNs called expired, for a new connection: on the same one it would earn 429
   * TooManyProviderTokenUpdates. Of many who fail with the same token, the first one renews it for all. Null when a token
   * signed for this reason has just been called expired, too: then our clock is wrong, and each push would make another.
   */
  async renew(failed: string): Promise<string | null> {
    if (this.#minting !== null) return this.#minting;
    if (this.#jwt !== failed) return this.current();
    const now = this.#options.clock.now();
    if (!this.#proven && Math.abs(now - this.#forcedAt) < patience) return null;
    this.#forcedAt = now;
    this.#proven = false;
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
