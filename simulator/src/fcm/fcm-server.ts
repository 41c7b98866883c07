import { randomBytes } from 'node:crypto';
import type { Connection } from '../transport/connection.js';
import type { DeskService, Judgement } from '../core/request-pipeline.js';
import type { Answer, Exchange } from '../transport/exchange.js';
import { answerOnDemand, ok } from './answers.js';
import { checkMessage, type FcmMessage } from './message-rules.js';
import type { RequestFault } from '../core/faults.js';
import type { LogEntry } from '../core/request-log.js';
import type { Parts } from '../simulation/context.js';
import { Recently } from '../core/sliding-window.js';
import type { AndroidDevice } from '../delivery/device-registry.js';
import type { Admission, ListenerHandler } from '../transport/tls-listener.js';

interface Session {
  activeAt: number;
  pings: number;
  cancelMaxAge: () => void;
  cancelIdle: () => void;
}

const REFUSED_STREAM = 7;
const ENHANCE_YOUR_CALM = 11;

/** FCM HTTP v1, with the connection manners Bloomberg measured (pushiko, comparisons.md). */
export class FcmServer implements ListenerHandler, DeskService {
  readonly name = 'fcm';
  private readonly parts: Parts;
  private readonly sessions = new Map<Connection, Session>();
  private readonly sent = new Recently(() => 60_000);
  private readonly collapseKeys = new Map<string, Map<string, number>>();

  constructor(parts: Parts) {
    this.parts = parts;
  }

  admit(): Admission {
    return this.parts.faults.forConnection(this.name) ?? 'accept';
  }

  requiresAlpn(): boolean {
    return true;
  }

  opened(connection: Connection): void {
    const { clock, policy } = this.parts;
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
    this.parts.journal.violation(this.name, connection.id, 'too-many-pings', 'three pings without a request');
    this.retire(connection, ENHANCE_YOUR_CALM, 'too_many_pings');
  }

  ignoresPings(): boolean {
    return this.parts.faults.isOn(this.name, 'ignore-pings');
  }

  refusedStream(connection: Connection, stream: number, code: number): void {
    const rule = code === REFUSED_STREAM ? 'too-many-streams' : 'malformed-request';
    this.parts.journal.violation(this.name, connection.id, rule, `stream ${stream}, HTTP/2 error ${code}`);
  }

  request(exchange: Exchange): void {
    const session = this.sessions.get(exchange.connection);
    if (session !== undefined) {
      session.pings = 0;
      session.activeAt = this.parts.clock.now();
    }
    this.parts.desk.handle(this, exchange, this.judge(exchange));
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

  forget(): void {
    this.sent.clear();
    this.collapseKeys.clear();
  }

  private judge(exchange: Exchange): Judgement {
    const { clock, credentials, policy, registry } = this.parts;
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
    const { clock, devices } = this.parts;
    const now = clock.now();
    this.sent.add(device.token, now);
    this.checkManners(exchange.connection, message, device);
    devices.send({
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

  /** What a message that makes a phone ring must be, and FCM does not ask for. */
  private checkManners(connection: Connection, message: FcmMessage, device: AndroidDevice): void {
    const { clock, journal, policy } = this.parts;
    const warn = (rule: string, detail: string): void =>
      journal.violation(this.name, connection.id, rule, detail);
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
    const { clock, policy } = this.parts;
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
