import { randomUUID } from 'node:crypto';
import type { RequestFault } from '../core/faults.js';
import type { LogEntry } from '../core/request-log.js';
import type { Service, Verdict } from '../core/request-pipeline.js';
import type { Environment } from '../core/services.js';
import { SlidingWindow } from '../core/sliding-window.js';
import type { IosDevice } from '../delivery/device-registry.js';
import type { Context } from '../simulation/context.js';
import type { Connection } from '../transport/connection.js';
import { type Answer, type Exchange, headerValue } from '../transport/exchange.js';
import type { Admission, ListenerHandler } from '../transport/tls-listener.js';
import { ConnectionChurn } from './connection-churn.js';
import {
  checkNotification,
  checkRequest,
  deviceTokenOf,
  isVoip,
  payloadOf,
  warnings,
  type Warning,
} from './notification-rules.js';
import { checkProviderToken, newSenderMemory, type Refusal, remember } from './provider-token.js';

interface SenderState {
  memory: ReturnType<typeof newSenderMemory>;
  errors: number;
  trusted: boolean;
  slowed: boolean;
}

const REFUSED_STREAM = 7;
const thirtyDays = 30 * 24 * 60 * 60 * 1000;

/** SETTINGS as real APNs sends them, until a provider token has proved the sender. */
export const apnsSettings = {
  headerTableSize: 4096,
  maxConcurrentStreams: 1,
  initialWindowSize: 65_535,
  maxFrameSize: 16_384,
  maxHeaderListSize: 8000,
};

/** One of Apple's two environments. They share keys and devices, and each calls the other's tokens bad. */
export class ApnsServer implements ListenerHandler, Service {
  readonly name: 'apns-production' | 'apns-sandbox';
  private readonly environment: Environment;
  private readonly context: Context;
  private readonly churn = new ConnectionChurn();
  private readonly senders = new Map<Connection, SenderState>();
  private readonly pushes: SlidingWindow;

  constructor(environment: Environment, context: Context) {
    this.name = `apns-${environment}`;
    this.environment = environment;
    this.context = context;
    this.pushes = new SlidingWindow(() => context.policy.apns.pushesPerTokenWindowMs);
  }

  admit(remote: string): Admission {
    const { faults, clock, policy } = this.context;
    if (this.churn.count(remote, clock.now()) > policy.apns.connectionsBeforeRefusal) return 'refuse';
    return faults.forConnection(this.name) ?? 'accept';
  }

  requiresAlpn(): boolean {
    return this.context.policy.apns.alpn === 'required';
  }

  opened(connection: Connection): void {
    const { clock, requestLog, policy } = this.context;
    this.senders.set(connection, { memory: newSenderMemory(), errors: 0, trusted: false, slowed: false });
    const needless = this.churn.opened(connection, clock.now());
    if (needless > policy.apns.connectionsBeforeViolation) {
      requestLog.violation(
        this.name,
        connection.id,
        'connection-churn',
        `${needless} needless connections a minute`,
      );
    }
  }

  closed(connection: Connection): void {
    this.senders.delete(connection);
    this.churn.closed(connection, this.context.clock.now());
  }

  ping(): void {
    // APNs answers pings for as long as somebody sends them.
  }

  ignoresPings(): boolean {
    return this.context.faults.isOn(this.name, 'ignore-pings');
  }

  refusedStream(connection: Connection, stream: number, code: number): void {
    const rule = code === REFUSED_STREAM ? 'too-many-streams' : 'malformed-request';
    this.context.requestLog.violation(
      this.name,
      connection.id,
      rule,
      `stream ${stream}, HTTP/2 error ${code}`,
    );
  }

  request(exchange: Exchange): void {
    this.context.pipeline.handle(this, exchange, this.decide(exchange));
  }

  /** Forgets what connections have done wrong, and how often devices were pushed. */
  resetCounters(): void {
    this.churn.clear();
    this.pushes.clear();
    for (const sender of this.senders.values()) sender.errors = 0;
  }

  answerFor(fault: Extract<RequestFault, { kind: 'answer' }>): Answer {
    const { status, reason, timestamp, body, contentType, retryAfter } = fault;
    const headers: Record<string, string> = { 'apns-id': randomUUID() };
    if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
    const text =
      body ?? (status === 200 || reason === undefined ? undefined : JSON.stringify({ reason, timestamp }));
    if (text !== undefined) headers['content-type'] = contentType ?? 'application/json';
    return { status, headers, body: text };
  }

  /** 4xx cost trust, a bad device token most; 410 is no error. */
  answered({ connection }: Exchange, status: number, reason: string | null): void {
    const sender = this.senders.get(connection);
    if (sender === undefined || status < 400 || status > 499 || status === 410) return;
    const { errorsBeforeSlowdown, errorsBeforeGoaway, maxConcurrentStreams } = this.context.policy.apns;
    sender.errors += reason === 'BadDeviceToken' ? 5 : 1;
    if (sender.errors >= errorsBeforeGoaway) {
      connection.goaway({ code: 0, lastStream: connection.lastStream });
    } else if (sender.errors >= errorsBeforeSlowdown && sender.trusted && !sender.slowed) {
      sender.slowed = true;
      connection.setMaxStreams(Math.max(1, Math.floor(maxConcurrentStreams / 2)));
    }
  }

  private decide(exchange: Exchange): Verdict {
    const { clock, credentials, policy, registry } = this.context;
    const now = clock.now();
    const text = deviceTokenOf(exchange.path);
    const refuse = (refusal: Refusal): Verdict => this.refusal(exchange, refusal, text);

    const malformed = checkRequest(exchange);
    if (malformed !== undefined) return refuse(malformed);

    const sender = this.senders.get(exchange.connection) ?? {
      memory: newSenderMemory(),
      errors: 0,
      trusted: false,
      slowed: false,
    };
    const token = checkProviderToken(headerValue(exchange.headers, 'authorization'), {
      now,
      environment: this.environment,
      memory: sender.memory,
      keys: credentials.apnsKeys,
      policy: policy.apns,
    });
    if ('reason' in token) return refuse(token);
    remember(sender.memory, token, now);
    if (!sender.trusted) exchange.connection.setMaxStreams(policy.apns.maxConcurrentStreams);
    sender.trusted = true;

    const device = registry.ios(text ?? '');
    const refusal = checkNotification(exchange, {
      now,
      environment: this.environment,
      token,
      device,
      recentPushes: device === undefined ? 0 : this.pushes.count(device.token, now),
      policy: policy.apns,
    });
    if (refusal !== undefined || device === undefined)
      return refuse(refusal ?? { status: 400, reason: 'BadDeviceToken' });

    const found = warnings(exchange, now);
    const notes = found.map(({ rule }) => rule);
    if (token.signature === 'der') notes.push('signature-der');
    const id = headerValue(exchange.headers, 'apns-id') ?? randomUUID();
    const headers: Record<string, string> = { 'apns-id': id };
    if (this.environment === 'sandbox') headers['apns-unique-id'] = randomUUID();
    return {
      answer: { status: 200, headers },
      reason: null,
      token: device.token,
      notes,
      accept: (entry) => this.accept(exchange, device, id, found, entry),
    };
  }

  private refusal(
    { headers }: Exchange,
    { status, reason, timestamp }: Refusal,
    token: string | null,
  ): Verdict {
    const given =
      reason === 'BadMessageId' || reason === 'DuplicateHeaders'
        ? undefined
        : headerValue(headers, 'apns-id');
    return {
      answer: {
        status,
        headers: { 'apns-id': given ?? randomUUID(), 'content-type': 'application/json' },
        body: JSON.stringify({ reason, timestamp }),
      },
      reason,
      token,
    };
  }

  private accept(exchange: Exchange, device: IosDevice, id: string, found: Warning[], entry: LogEntry): void {
    const { clock, delivery, requestLog, policy } = this.context;
    const now = clock.now();
    const { connection, headers } = exchange;
    for (const { rule, detail } of found) requestLog.violation(this.name, connection.id, rule, detail);
    this.pushes.add(device.token, now);
    const payload = payloadOf(exchange);
    const pushType = headerValue(headers, 'apns-push-type') ?? null;
    if (payload === null || (pushType === null && policy.apns.missingPushType === 'drop')) {
      entry.delivery = 'dropped';
      return;
    }
    const topic = headerValue(headers, 'apns-topic') ?? '';
    const expiration = Number(headerValue(headers, 'apns-expiration') ?? (now + thirtyDays) / 1000);
    delivery.send({
      service: this.name,
      connection: connection.id,
      device,
      id,
      payload,
      notification: null,
      topic,
      pushType,
      priority: isVoip(exchange) || headerValue(headers, 'apns-priority') !== '5' ? 'high' : 'normal',
      sentAt: now,
      expiresAt: expiration === 0 ? null : Math.min(expiration * 1000, now + thirtyDays),
      collapse: topic,
      outcome: (outcome) => {
        entry.delivery = outcome;
      },
    });
  }
}
