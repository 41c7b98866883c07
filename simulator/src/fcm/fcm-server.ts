import { randomBytes } from 'node:crypto';
import type { RequestFault } from '../core/faults.js';
import type { LogEntry } from '../core/request-log.js';
import type { Service, Verdict } from '../core/request-pipeline.js';
import { SlidingWindow } from '../core/sliding-window.js';
import type { AndroidDevice } from '../delivery/device-registry.js';
import type { Context } from '../simulation/context.js';
import type { Connection } from '../transport/connection.js';
import type { Answer, Exchange } from '../transport/exchange.js';
import type { Admission, ListenerHandler } from '../transport/tls-listener.js';
import { answerOnDemand, ok } from './answers.js';
import { checkMessage, type FcmMessage } from './message-rules.js';

interface Session {
  activeAt: number;
  pings: number;
  cancelMaxAge: () => void;
  cancelIdle: () => void;
}

const REFUSED_STREAM = 7;
const ENHANCE_YOUR_CALM = 11;

/** FCM HTTP v1, with the connection behaviour that Bloomberg measured (pushiko, comparisons.md). */
export class FcmServer implements ListenerHandler, Service {
  readonly name = 'fcm';
  private readonly context: Context;
  private readonly sessions = new Map<Connection, Session>();
  private readonly sent = new SlidingWindow(() => 60_000);
  private readonly collapseKeys = new Map<string, Map<string, number>>();

  constructor(context: Context) {
    this.context = context;
  }

  admit(): Admission {
    return this.context.faults.forConnection(this.name) ?? 'accept';
  }

  requiresAlpn(): boolean {
    return true;
  }

  opened(connection: Connection): void {
    const { clock, policy } = this.context;
    const now = clock.now();
    const session: Session = {
      activeAt: now,
      pings: 0,
      cancelMaxAge: clock.at(now + policy.fcm.maxAgeMs, () => this.retire(connection, 0, 'max_age')),
      cancelIdle: () => undefined,
    };
    this.sessions.set(connection, session);
    this.watchIdle(connection, session);
  }

  closed(connection: Connection): void {
    this.sessions.get(connection)?.cancelMaxAge();
    this.sessions.get(connection)?.cancelIdle();
    this.sessions.delete(connection);
  }

  /** Three in a row without a request are too many. */
  ping(connection: Connection): void {
    const session = this.sessions.get(connection);
    if (session === undefined) return;
    session.pings += 1;
    if (session.pings < 3) return;
    this.context.requestLog.violation(
      this.name,
      connection.id,
      'too-many-pings',
      'three pings without a request',
    );
    this.retire(connection, ENHANCE_YOUR_CALM, 'too_many_pings');
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
    const session = this.sessions.get(exchange.connection);
    if (session !== undefined) {
      session.pings = 0;
      session.activeAt = this.context.clock.now();
    }
    this.context.pipeline.handle(this, exchange, this.decide(exchange));
  }

  answered(exchange: Exchange): void {
    exchange.done(() => exchange.connection.ping());
  }

  answerFor(fault: Extract<RequestFault, { kind: 'answer' }>): Answer {
    const answer = answerOnDemand(fault.status, fault.reason);
    const headers = { ...answer.headers };
    if (fault.contentType !== undefined) headers['content-type'] = fault.contentType;
    if (fault.retryAfter !== undefined) headers['retry-after'] = String(fault.retryAfter);
    return { ...answer, headers, body: fault.body ?? answer.body };
  }

  resetCounters(): void {
    this.sent.clear();
    this.collapseKeys.clear();
  }

  private decide(exchange: Exchange): Verdict {
    const { clock, credentials, policy, registry } = this.context;
    const checked = checkMessage(exchange, {
      now: clock.now(),
      projects: credentials.projects,
      accessToken: (token) => credentials.accessToken(token),
      device: (token) => registry.android(token),
      recentMessages: (device) => this.sent.count(device.token, clock.now()),
      policy: policy.fcm,
    });
    if ('reason' in checked) {
      return { answer: checked.answer, reason: checked.reason, token: tokenIn(exchange) };
    }
    const id = checked.validateOnly ? 'fake_message_id' : `0:${clock.now()}${random(6)}%${random(16)}`;
    const name = `projects/${checked.project}/messages/${id}`;
    return {
      answer: ok({ name }),
      reason: null,
      token: checked.device?.token ?? null,
      accept: (entry) => this.accept(exchange, checked, name, entry),
    };
  }

  private accept(exchange: Exchange, message: FcmMessage, name: string, entry: LogEntry): void {
    const { device } = message;
    if (device === null || message.validateOnly) return;
    const { clock, delivery } = this.context;
    const now = clock.now();
    this.sent.add(device.token, now);
    this.lintMessage(exchange.connection, message, device);
    delivery.send({
      service: this.name,
      connection: exchange.connection.id,
      device,
      id: name,
      payload: message.data,
      notification: message.notification,
      topic: null,
      pushType: null,
      priority: message.priority,
      sentAt: now,
      expiresAt: message.ttl === 0 ? null : now + message.ttl * 1000,
      collapse: message.collapseKey,
      outcome: (outcome) => {
        entry.delivery = outcome;
      },
    });
  }

  /** Notes what FCM accepts and yet does not make a phone ring in time. */
  private lintMessage(connection: Connection, message: FcmMessage, device: AndroidDevice): void {
    const { clock, requestLog, policy } = this.context;
    const warn = (rule: string, detail: string): void =>
      requestLog.violation(this.name, connection.id, rule, detail);
    if (message.notification !== null)
      warn('notification-block', 'the system shows it, the app does not run');
    if (message.priority !== 'high') warn('priority-not-high', 'a dozing phone does not wake');
    const longest = policy.fcm.longestRingMs / 1000;
    if (!message.ttlGiven) warn('ttl-missing', 'kept for four weeks');
    else if (message.ttl > longest) warn('ttl-too-long', `${message.ttl} s is longer than any ring`);
    if (message.collapseKey === null) return;
    const live = this.collapseKeys.get(device.token) ?? new Map<string, number>();
    this.collapseKeys.set(device.token, live);
    live.set(message.collapseKey, clock.now() + message.ttl * 1000);
    for (const [key, until] of live) if (until <= clock.now()) live.delete(key);
    if (live.size > 4) warn('collapse-keys', `${live.size} live collapse keys on one device, FCM keeps 4`);
  }

  private retire(connection: Connection, code: number, debug: string): void {
    connection.goaway({ code, lastStream: connection.lastStream, debug });
  }

  private watchIdle(connection: Connection, session: Session): void {
    const { clock, policy } = this.context;
    session.cancelIdle = clock.at(session.activeAt + policy.fcm.idleMs, () => {
      if (connection.busy) session.activeAt = clock.now();
      if (clock.now() - session.activeAt >= policy.fcm.idleMs) this.retire(connection, 0, 'session_timeout');
      else this.watchIdle(connection, session);
    });
  }
}

/** For the log and for faults by token: the recipient of a message that did not pass. */
function tokenIn({ body }: Exchange): string | null {
  return /"(?:token|fid)"\s*:\s*"([^"]{1,4096})"/.exec(body.toString('utf8'))?.[1] ?? null;
}

function random(digits: number): string {
  return randomBytes(Math.ceil(digits / 2)).toString('hex');
}
