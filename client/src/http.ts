import { ABOUT_THE_TOKEN, RingwayError } from './error.js';
import type { LeaveRequest } from './leave-outbox.js';
import { Deadline, type BackoffRange, backoff, pause } from './retry.js';
import type { Tokens } from './tokens.js';
import type {
  CallRecord,
  CallView,
  Device,
  Direction,
  Explanation,
  IceServers,
  Media,
  Outcome,
  Page,
  Presence,
  Registration,
  TimelineItem,
} from './wire.js';

const RETRY: BackoffRange = { firstMs: 300, mostMs: 4_000 };
const ANSWER_WITHIN_MS = 8_000;

export interface HistoryFilter {
  /** The other user. */
  with?: string;
  media?: Media;
  direction?: Direction;
  outcome?: Outcome;
  from?: Date | string;
  to?: Date | string;
  /** 1 to 100; 25 when absent. */
  limit?: number;
  /** The `nextCursor` of the page before. */
  cursor?: string;
}

/** The gateway over HTTP. Every request here may be repeated, and is, until it is answered or the deadline is over. */
export class RingwayHttp {
  /** @internal */
  constructor(
    private readonly url: string,
    private readonly tokens: Tokens,
    private readonly deadlineMs: number,
  ) {}

  /** This user's calls, newest first. */
  history({ from, to, ...filter }: HistoryFilter = {}): Promise<Page<CallRecord>> {
    const time = (at?: Date | string): string | undefined => (at instanceof Date ? at.toISOString() : at);
    return this.get(`/v1/calls${queryOf({ ...filter, from: time(from), to: time(to) })}`);
  }

  /** @throws RingwayError `CALL_NOT_FOUND`, also for a call between others */
  call(callId: string): Promise<CallView> {
    return this.get(`/v1/calls/${encodeURIComponent(callId)}`);
  }

  /** What was recorded about a call, in order. */
  async events(callId: string): Promise<TimelineItem[]> {
    const { items } = await this.get<{ items: TimelineItem[] }>(
      `/v1/calls/${encodeURIComponent(callId)}/events`,
    );
    return items;
  }

  /** Why it rang, or did not. */
  explain(callId: string): Promise<Explanation> {
    return this.get(`/v1/calls/${encodeURIComponent(callId)}/explain`);
  }

  /** Whether users can be reached; at most 100. */
  presence(userIds: string[]): Promise<Presence[]> {
    return this.get(`/v1/presence${queryOf({ userIds: userIds.join(',') })}`);
  }

  /** For `RTCPeerConnection`. */
  iceServers(): Promise<IceServers> {
    return this.get('/v1/ice-servers');
  }

  /** This user's installs. */
  async devices(): Promise<Device[]> {
    return (await this.get<{ items: Device[] }>('/v1/devices')).items;
  }

  /** As often as you like, at least at every start of the app. */
  registerDevice(deviceId: string, body: Registration): Promise<Device> {
    return this.request('PUT', `/v1/devices/${encodeURIComponent(deviceId)}`, body);
  }

  /** Signs an install out: no more pushes. */
  deleteDevice(deviceId: string): Promise<void> {
    return this.request('DELETE', `/v1/devices/${encodeURIComponent(deviceId)}`);
  }

  /** Erases this user: devices, name, metadata. There is no way back. */
  eraseMe(): Promise<void> {
    return this.request('DELETE', '/v1/me');
  }

  /**
   * Out of a call without a socket.
   * @internal
   * @param token the one the call was made with: the next one may be somebody else's
   */
  async leave({ event, payload }: LeaveRequest, deviceId: string, token: string): Promise<CallView | null> {
    const { callId, ...body } = payload;
    const path = `/v1/calls/${callId}/${event.slice('call:'.length)}${queryOf({ deviceId })}`;
    return (await this.request<{ call: CallView | null }>('POST', path, body, token)).call;
  }

  private get<T>(path: string): Promise<T> {
    return this.request('GET', path);
  }

  private async request<T>(method: string, path: string, body?: object, token?: string): Promise<T> {
    const deadline = new Deadline(this.deadlineMs);
    for (let attempt = 0, renewed = token !== undefined; ; attempt++) {
      const { answer, failure } = await this.attempt<T>(method, path, body, deadline, token);
      if (!failure) return answer as T;
      if (ABOUT_THE_TOKEN.includes(failure.code) && this.tokens.renewable && !renewed) {
        renewed = true;
        this.tokens.drop();
        continue;
      }
      const wait = Math.max(failure.retryAfterMs ?? 0, backoff(attempt, RETRY));
      if (!failure.retryable || wait >= deadline.leftMs) throw failure;
      await pause(wait);
    }
  }

  private async attempt<T>(
    method: string,
    path: string,
    body: object | undefined,
    deadline: Deadline,
    given?: string,
  ): Promise<{ answer?: T; failure?: RingwayError }> {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const token = given ?? (await this.tokens.get(deadline.leftMs));
      timer = setTimeout(() => abort.abort(), Math.min(deadline.leftMs, ANSWER_WITHIN_MS));
      const response = await fetch(this.url + path, {
        method,
        keepalive: given !== undefined, // the page may be about to go
        headers: {
          authorization: `Bearer ${token}`,
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: abort.signal,
      });
      const text = await response.text();
      const json: unknown = text === '' ? undefined : JSON.parse(text);
      if (response.ok) return { answer: json as T };
      return { failure: RingwayError.of(json, response.status >= 500 ? 'UNAVAILABLE' : 'INTERNAL') };
    } catch (cause) {
      if (cause instanceof RingwayError) return { failure: cause };
      const unreachable = { retryable: true, cause };
      return {
        failure: new RingwayError('UNREACHABLE', 'The gateway was not reached over HTTP.', unreachable),
      };
    } finally {
      clearTimeout(timer);
    }
  }
}

function queryOf(values: object): string {
  const pairs = Object.entries(values as Record<string, string | number | undefined>)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
