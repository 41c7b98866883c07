import type { Clock } from '../time/clock.js';
import { AccessToken, type ServiceAccount } from './access-token.js';
import { Deadline } from './deadline.js';
import { dataBytes, fitCallerName } from './fit-caller-name.js';
import type { H2Failure, H2Reply } from './h2-connection.js';
import { H2Origin } from './h2-origin.js';
import { InFlight } from './in-flight.js';
import { fcmResult, refused, failed, type PushResult } from './push-result.js';

export interface FcmApp extends ServiceAccount {
  projectId: string;
}

export interface FcmOptions {
  apps: FcmApp[];
  /** `https://host[:port]`. */
  origin: string;
  /** PEM of an authority to trust besides the public ones, also for the token endpoints. */
  ca?: string | undefined;
  clock: Clock;
}

export interface FcmMessage {
  token: string;
  projectId: string;
  data: Record<string, string>;
  /** How long the message is worth delivering: the seconds left to ring. */
  ttlSeconds: number;
  /** How long the push may take, getting an access token included (2000). */
  deadlineMs?: number;
  /** Asked when its turn to be written comes, which a slow connection may delay: no, and it is withdrawn. */
  wanted?: () => boolean;
}

const answerMs = 2000;
/** Google allows 100 streams on each: 500 pushes a second stay possible when an answer takes the whole two seconds. */
const connections = 10;
const dataLimit = 4096;
const longestTtl = 2_419_200;

/**
 * Sends data messages through FCM HTTP v1, all projects over the same connections.
 * @see https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
 */
export class FcmSender {
  readonly #origin: H2Origin;
  readonly #accessTokens = new Map<string, AccessToken>();
  readonly #inFlight = new InFlight();
  readonly #clock: Clock;

  constructor({ apps, origin, ca, clock }: FcmOptions) {
    this.#clock = clock;
    // No pings: FCM hangs up after three of them without a request.
    this.#origin = new H2Origin({ origin, ca, connections });
    for (const { projectId, ...account } of apps) {
      this.#accessTokens.set(projectId, new AccessToken(account, { ca, clock }));
    }
  }

  has(projectId: string): boolean {
    return this.#accessTokens.has(projectId);
  }

  /** One push, one result; never throws. A 401 fetches a new access token and sends once more. */
  send(message: FcmMessage): Promise<PushResult> {
    return this.#inFlight.add(this.#deliver(message));
  }

  /** Lets pushes under way finish and closes the connections. */
  async close(): Promise<void> {
    await this.#inFlight.done();
    await this.#origin.close();
  }

  async #deliver(message: FcmMessage): Promise<PushResult> {
    const accessToken = this.#accessTokens.get(message.projectId);
    if (accessToken === undefined) return refused('NoFcmApp', true);
    const data = fitCallerName(message.data, dataLimit, dataBytes);
    if (data === null) return refused('PayloadTooLarge', false);

    const deadline = new Deadline(message.deadlineMs ?? answerMs);
    const body = JSON.stringify({
      message: { token: message.token, data, android: { priority: 'HIGH', ttl: ttl(message.ttlSeconds) } },
    });
    const access = await deadline.wait(accessToken.current());
    if (access === 'late') return noAccessToken;
    if (!('token' in access)) return access;
    const reply = await this.#post(message, body, access.token, deadline);
    const result = this.#result(reply);
    if (isAuthenticated(result)) accessToken.accepted(access.token);
    if (!('status' in reply) || reply.status !== 401) return result;

    const renewed = await deadline.wait(accessToken.renew(access.token));
    if (renewed === 'late') return noAccessToken;
    if (renewed === null) return result;
    if (!('token' in renewed)) return renewed;
    const second = this.#result(await this.#post(message, body, renewed.token, deadline));
    if (isAuthenticated(second)) accessToken.accepted(renewed.token);
    return second;
  }

  #post(
    { projectId, wanted }: FcmMessage,
    body: string,
    token: string,
    deadline: Deadline,
  ): Promise<H2Reply | H2Failure> {
    const path = `/v1/projects/${encodeURIComponent(projectId)}/messages:send`;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return this.#origin.request({ path, headers, body, wanted }, deadline);
  }

  #result(reply: H2Reply | H2Failure): PushResult {
    return 'status' in reply ? fcmResult(reply, this.#clock.now()) : failed(reply.failure);
  }
}

const noAccessToken: PushResult = {
  outcome: 'retry',
  status: null,
  reason: 'AccessToken.Timeout',
  retryAfterMs: null,
};

/** FCM says nothing about a device's token to whom it does not know. */
const isAuthenticated = ({ outcome }: PushResult): boolean =>
  ['accepted', 'bad-token', 'gone'].includes(outcome);

/** Whole seconds, rounded down: a message must not outlive its ring. */
function ttl(seconds: number): string {
  return `${Math.max(0, Math.min(Math.floor(seconds), longestTtl))}s`;
}
