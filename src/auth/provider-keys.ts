import { Logger } from '@nestjs/common';
import { type JWTVerifyGetKey, createRemoteJWKSet, customFetch, errors } from 'jose';

export interface KeyTiming {
  /** How often the keys are asked for anew; a withdrawn one counts no longer than that while the provider answers. */
  refreshMs: number;
  /** At most one request for unknown keys in this time, whatever key ids are made up. */
  cooldownMs: number;
}

const TIMING: KeyTiming = { refreshMs: 300_000, cooldownMs: 5_000 };
const ANSWER_WITHIN_MS = 3_000;

/**
 * The public keys of an identity provider. Those it has published count until it publishes others: while it is away,
 * whoever has a token still gets in. They are refreshed beside the verifications, none of which waits for that.
 */
export class ProviderKeys {
  private readonly keys;
  private readonly timer;
  private readonly log = new Logger('ProviderKeys');
  private failure: { at: number; error: Error } | null = null;
  private complained = false;

  constructor(
    url: string,
    private readonly timing = TIMING,
  ) {
    this.keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: ANSWER_WITHIN_MS,
      cooldownDuration: timing.cooldownMs,
      cacheMaxAge: Infinity,
      [customFetch]: (address, options) => this.ask(address, options),
    });
    this.timer = setInterval(() => void this.refresh(), timing.refreshMs).unref();
  }

  /** For `jwtVerify`. A key id nobody knows makes it ask the provider, but not again and again. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    try {
      return await this.keys(header, token);
    } catch (error) {
      if (isProviderAway(error)) this.failed(error);
      throw error;
    }
  };

  stop(): void {
    clearInterval(this.timer);
  }

  private async refresh(): Promise<void> {
    if (!this.keys.jwks()) return; // whoever needs them first asks for them
    try {
      await this.keys.reload();
      this.failure = null;
      this.complained = false;
    } catch (error) {
      if (isProviderAway(error)) this.failed(error);
      if (!this.complained)
        this.log.warn(
          'the identity provider does not answer; the keys it published before still count',
          error,
        );
      this.complained = true;
    }
  }

  private ask(url: string, options: RequestInit): Promise<Response> {
    const { failure } = this;
    const cooling = failure !== null && performance.now() < failure.at + this.timing.cooldownMs;
    // Without any key nobody gets in before the provider answers, so it is asked every time.
    if (cooling && this.keys.jwks()) return Promise.reject(failure.error);
    return fetch(url, options);
  }

  private failed(error: Error): void {
    if (error !== this.failure?.error) this.failure = { at: performance.now(), error };
  }
}

/** It is no fault of whoever holds the token. */
export const isProviderAway = (error: unknown): error is Error =>
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC') ||
  (error as Error).message === 'fetch failed';
