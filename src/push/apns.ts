import type { Clock } from '../time/clock.js';
import { Deadline } from './deadline.js';
import { fitCallerName, jsonBytes } from './fit-caller-name.js';
import type { H2Failure, H2Reply } from './h2-connection.js';
import { H2Origin } from './h2-origin.js';
import { InFlight } from './in-flight.js';
import { ProviderToken } from './provider-token.js';
import { apnsResult, refused, failed, type PushResult } from './push-result.js';

export type ApnsEnvironment = 'production' | 'sandbox';

export interface ApnsKey {
  bundleId: string;
  environment: ApnsEnvironment;
  teamId: string;
  keyId: string;
  /** PKCS#8 PEM. */
  key: string;
}

export interface ApnsOptions {
  keys: ApnsKey[];
  /** `https://host[:port]`, one per environment. */
  origins: Record<ApnsEnvironment, string>;
  /** PEM of an authority to trust besides the public ones. */
  ca?: string | undefined;
  clock: Clock;
}

export interface ApnsMessage {
  token: string;
  bundleId: string;
  environment: ApnsEnvironment;
  /** Lower-case UUID; the same for every retry of a push. */
  apnsId: string;
  payload: object;
  /** How long the push may take (2000). */
  deadlineMs?: number;
  /** Asked when its turn to be written comes, which a slow connection may delay: no, and it is withdrawn. */
  wanted?: () => boolean;
}

/** What pushes with one key into one environment share, whatever the bundle: Apple binds a connection to a key. */
interface Lane {
  origin: H2Origin;
  providerToken: ProviderToken;
}

const answerMs = 2000;
const bodyLimit = 5120;
const pingEveryMs = 60_000;
/** Over the connection that said so, nothing will ever go through. */
const mendedByNewConnection = ['ExpiredProviderToken', 'IdleTimeout'];

/**
 * Sends VoIP pushes to APNs, over one connection per key and environment.
 * @see https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
 */
export class ApnsSender {
  readonly #lanes = new Map<string, Lane>();
  readonly #byApp = new Map<string, Lane>();
  readonly #inFlight = new InFlight();
  readonly #clock: Clock;

  constructor({ keys, origins, ca, clock }: ApnsOptions) {
    this.#clock = clock;
    const providerTokens = new Map<string, ProviderToken>();
    for (const { bundleId, environment, teamId, keyId, key } of keys) {
      const name = JSON.stringify([teamId, keyId]);
      const providerToken = providerTokens.get(name) ?? new ProviderToken({ teamId, keyId, key, clock });
      providerTokens.set(name, providerToken);

      const place = name + environment;
      const origin = (): H2Origin =>
        new H2Origin({ origin: origins[environment], ca, firstAlone: true, pingEveryMs });
      const lane = this.#lanes.get(place) ?? { origin: origin(), providerToken };
      this.#lanes.set(place, lane);
      this.#byApp.set(environment + bundleId, lane);
    }
  }

  has(bundleId: string, environment: ApnsEnvironment): boolean {
    return this.#byApp.has(environment + bundleId);
  }

  /** One push, one result; never throws. It is resent once when a new provider token or connection mends the refusal. */
  send(message: ApnsMessage): Promise<PushResult> {
    return this.#inFlight.add(this.#deliver(message));
  }

  /** Lets pushes under way finish and closes every connection. */
  async close(): Promise<void> {
    await this.#inFlight.done();
    await Promise.all([...this.#lanes.values()].map(({ origin }) => origin.close()));
  }

  async #deliver(message: ApnsMessage): Promise<PushResult> {
    const lane = this.#byApp.get(message.environment + message.bundleId);
    if (lane === undefined) return refused('NoApnsKey', true);
    const body = bodyOf(message.payload);
    if (body === null) return refused('PayloadTooLarge', false);

    const deadline = new Deadline(message.deadlineMs ?? answerMs);
    const jwt = await lane.providerToken.current();
    if (jwt === null) return refused('BadApnsKey', true);
    const reply = await post(lane, message, body, jwt, deadline);
    const result = this.#result(reply);
    if (result.outcome === 'accepted') lane.providerToken.accepted(jwt);
    if (!('status' in reply) || result.outcome !== 'rejected') return result;
    if (!mendedByNewConnection.includes(result.reason)) return result;

    const expired = result.reason === 'ExpiredProviderToken';
    const next = expired ? await lane.providerToken.renew(jwt) : jwt;
    if (next === null) return result;
    lane.origin.retire(reply.connection);
    const second = this.#result(await post(lane, message, body, next, deadline));
    if (second.outcome === 'accepted') lane.providerToken.accepted(next);
    return second;
  }

  #result(reply: H2Reply | H2Failure): PushResult {
    return 'status' in reply ? apnsResult(reply, this.#clock.now()) : failed(reply.failure);
  }
}

function bodyOf(payload: object): string | null {
  const whole = JSON.stringify(payload);
  if (Buffer.byteLength(whole) <= bodyLimit) return whole;
  const fitting = fitCallerName(payload, bodyLimit, jsonBytes);
  return fitting && JSON.stringify(fitting);
}

function post(
  { origin }: Lane,
  { token, bundleId, apnsId, wanted }: ApnsMessage,
  body: string,
  jwt: string,
  deadline: Deadline,
): Promise<H2Reply | H2Failure> {
  const headers = {
    authorization: `bearer ${jwt}`,
    'apns-topic': `${bundleId}.voip`,
    'apns-push-type': 'voip',
    'apns-priority': '10',
    // One attempt, never stored: a call that rings later than it was made is worse than none.
    'apns-expiration': '0',
    'apns-id': apnsId,
    'content-type': 'application/json',
  };
  return origin.request({ path: `/3/device/${encodeURIComponent(token)}`, headers, body, wanted }, deadline);
}
