import { setTimeout as pause } from 'node:timers/promises';

/** What became of a request. A phone's network fails all the time, so nothing here is an exception. */
export type Reply =
  | { outcome: 'ok'; body: Record<string, unknown> }
  /** The gateway said no; `code` as in its list of errors. */
  | { outcome: 'refused'; status: number; code: string }
  /** No answer, or none that helps: every command may be sent again. */
  | { outcome: 'unreachable' };

export interface PhoneRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  body?: object;
  /** How often it is tried (3), and how long an answer may take (5000). */
  tries?: number;
  timeoutMs?: number;
}

export interface PhoneHttpOptions {
  gateway: string;
  /** A token of the user; by default the gateway's own development tokens for `userId`. */
  token?: () => Promise<string | null>;
  userId: string;
}

const PAUSE_MS = 500;

/** The gateway by HTTP, as an app uses it: short requests, repeated when nobody answers. */
export class PhoneHttp {
  private readonly off = new AbortController();
  private cached: Promise<string | null> | null = null;

  constructor(private readonly options: PhoneHttpOptions) {}

  /** A request with the user's token; with a new one if the old one has expired. */
  async asUser(request: PhoneRequest): Promise<Reply> {
    for (let nr = 1; ; nr++) {
      const bearer = await this.userToken();
      if (bearer === null) return { outcome: 'unreachable' };
      const reply = await this.send([this.options.gateway], request, bearer);
      if (nr > 1 || reply.outcome !== 'refused' || reply.status !== 401) return reply;
      this.renew();
    }
  }

  /**
   * A request without a login, by the ticket a push brought. Should the address in the push not do, the app's own is
   * tried: a gateway on a developer's machine may call itself `localhost` and listen elsewhere.
   */
  withTicket(ticket: { gateway: string; actionToken: string }, request: PhoneRequest): Promise<Reply> {
    return this.send([ticket.gateway, this.options.gateway], request, ticket.actionToken);
  }

  /** @returns null when there is none to be had */
  async userToken(): Promise<string | null> {
    this.cached ??= (this.options.token ?? (() => this.developmentToken()))().catch(() => null);
    const token = await this.cached;
    if (token === null) this.renew();
    return token;
  }

  /** The token is no good any more: the next request gets another one. */
  renew(): void {
    this.cached = null;
  }

  /** Switched off: whatever is on its way ends at once. */
  stop(): void {
    this.off.abort();
  }

  private async developmentToken(): Promise<string | null> {
    const { gateway, userId } = this.options;
    const request: PhoneRequest = { method: 'POST', path: '/v1/dev/tokens', body: { userId } };
    const reply = await this.send([gateway], request);
    return reply.outcome === 'ok' && typeof reply.body['token'] === 'string' ? reply.body['token'] : null;
  }

  /** Repeating is safe: a command that was carried out before gives the same answer. */
  private async send(gateways: string[], request: PhoneRequest, bearer?: string): Promise<Reply> {
    for (let nr = 1; ; nr++) {
      for (const gateway of new Set(gateways)) {
        const reply = await this.attempt(gateway, request, bearer);
        if (reply.outcome !== 'unreachable') return reply;
      }
      if (nr >= (request.tries ?? 3) || this.off.signal.aborted) return { outcome: 'unreachable' };
      await pause(PAUSE_MS, undefined, { signal: this.off.signal }).catch(() => undefined);
    }
  }

  private async attempt(gateway: string, request: PhoneRequest, bearer?: string): Promise<Reply> {
    const { method, path, body, timeoutMs = 5_000 } = request;
    try {
      const response = await fetch(gateway.replace(/\/+$/, '') + path, {
        method,
        headers: {
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.any([this.off.signal, AbortSignal.timeout(timeoutMs)]),
      });
      const answer = objectIn(await response.text());
      const { status } = response;
      if (response.ok) return { outcome: 'ok', body: answer };
      if (status < 400 || status === 429 || status >= 500) return { outcome: 'unreachable' };
      const code = typeof answer['code'] === 'string' ? answer['code'] : `HTTP ${status}`;
      return { outcome: 'refused', status, code };
    } catch {
      return { outcome: 'unreachable' };
    }
  }
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
