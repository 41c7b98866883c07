import type { RequestFault } from '../core/faults.js';
import type { Service, Verdict } from '../core/request-pipeline.js';
import { SlidingWindow } from '../core/sliding-window.js';
import type { Context } from '../simulation/context.js';
import type { Connection } from '../transport/connection.js';
import type { Answer, Exchange } from '../transport/exchange.js';
import type { Admission, ListenerHandler } from '../transport/tls-listener.js';
import { checkGrant, type Grant } from './grant-rules.js';

const fiftyMinutes = 50 * 60_000;
const lifetimeS = 3599;
const jsonHeaders = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };

/** Where a service account's assertion becomes an access token. */
export class TokenEndpoint implements ListenerHandler, Service {
  readonly name = 'token';
  private readonly context: Context;
  private readonly grants = new SlidingWindow(() => fiftyMinutes);
  /** Its own address is known once it listens. */
  audiences: string[] = ['https://oauth2.googleapis.com/token'];

  constructor(context: Context) {
    this.context = context;
  }

  admit(): Admission {
    return this.context.faults.forConnection(this.name) ?? 'accept';
  }

  requiresAlpn(): boolean {
    return false;
  }

  opened(): void {
    // Nothing depends on the connection: every request proves itself.
  }

  closed(): void {
    // As above.
  }

  ping(): void {
    // Nobody counts them here.
  }

  ignoresPings(): boolean {
    return this.context.faults.isOn(this.name, 'ignore-pings');
  }

  refusedStream(connection: Connection, stream: number, code: number): void {
    const detail = `stream ${stream}, HTTP/2 error ${code}`;
    this.context.requestLog.violation(this.name, connection.id, 'malformed-request', detail);
  }

  answered(): void {
    // Google keeps no score of failed grants.
  }

  request(exchange: Exchange): void {
    const { clock, credentials, pipeline } = this.context;
    const checked = checkGrant(exchange, {
      now: clock.now(),
      accounts: credentials.accounts,
      audiences: this.audiences,
    });
    if ('error' in checked) {
      const { status, ...body } = checked;
      const verdict: Verdict = { answer: json(status, body), reason: checked.error, token: null };
      return pipeline.handle(this, exchange, verdict);
    }
    const access_token = credentials.grant(checked.account, checked.scopes, lifetimeS);
    pipeline.handle(this, exchange, {
      answer: json(200, { access_token, expires_in: lifetimeS, token_type: 'Bearer' }),
      reason: null,
      token: null,
      accept: () => this.count(checked, exchange.connection),
    });
  }

  answerFor({
    status,
    reason,
    body,
    contentType,
    retryAfter,
  }: Extract<RequestFault, { kind: 'answer' }>): Answer {
    const answer = json(status, { error: reason ?? (status >= 500 ? 'internal_failure' : 'invalid_grant') });
    const headers: Record<string, string> = { ...answer.headers };
    if (contentType !== undefined) headers['content-type'] = contentType;
    if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
    return { status, headers, body: body ?? answer.body };
  }

  resetCounters(): void {
    this.grants.clear();
  }

  private count({ account }: Grant, connection: Connection): void {
    const { clock, requestLog, policy } = this.context;
    const count = this.grants.add(account.clientEmail, clock.now());
    if (count <= policy.token.grantsPer50Minutes) return;
    const detail = `${count} access tokens in 50 minutes, each is good for an hour`;
    requestLog.violation(this.name, connection.id, 'too-many-grants', detail);
  }
}

function json(status: number, body: object): Answer {
  return { status, headers: jsonHeaders, body: JSON.stringify(body) };
}
