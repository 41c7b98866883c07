import { type Socket, io } from 'socket.io-client';
import type { Address } from './address.js';
import { Emitter } from './emitter.js';
import { ABOUT_THE_TOKEN, RingwayError } from './error.js';
import { type Deadline, type BackoffRange, MAX_TIMER_MS, backoff } from './retry.js';
import { SessionRefresh } from './session-refresh.js';
import type { Tokens } from './tokens.js';
import type { Answers, AppState, Command, Payloads, Refusal, Sync } from './wire.js';

export type Status =
  /** Not asked to connect, or closed. */
  | 'idle'
  | 'connecting'
  /** Connected, and the gateway has said which calls there are. */
  | 'online'
  /** The connection is lost; it will be tried again. */
  | 'offline'
  /** Another connection of this device took over. Stays so until `connect()` is called again. */
  | 'replaced'
  /** The gateway does not want this token or device id. Stays so until `connect()` is called again. */
  | 'refused';

export interface ConnectionOptions {
  address: Address;
  deviceId: string;
  appState: AppState;
  tokens: Tokens;
}

interface Events {
  status: [status: Status];
  /** Whatever the gateway says about calls, in order. */
  message: [event: string, payload: unknown];
  'session-expired': [];
  /** What is said now is heard before anything that waited. */
  connected: [];
}

const RECONNECT: BackoffRange = { firstMs: 300, mostMs: 15_000 };
const CONNECT_WITHIN_MS = 8_000;
/** A connection that was good for so long does not count as one more failed attempt. */
const STABLE_MS = 5_000;
/** The gateway answers everything within 5 s, also without its database. Who says nothing for longer is not there. */
const ANSWER_WITHIN_MS = 6_000;
const WORTH_TRYING_AGAIN = ['TOO_MANY_CONNECTIONS', 'RATE_LIMITED', 'UNAVAILABLE', 'INTERNAL'];
/** So many tokens refused in a row, and the next one will be as well: the app's backend signs wrong ones. */
const REFUSED_TOKENS = 4;

/** The one socket to the gateway: kept up as long as the app wants it, over lost networks, restarts and token changes. */
export class Connection extends Emitter<Events> {
  status: Status = 'idle';
  error: RingwayError | null = null;
  /** How far the gateway's clock is ahead of ours, in milliseconds. */
  clockAheadMs = 0;
  appState: AppState;
  private socket: Socket | null = null;
  /** Counts connections, so that what an older one still does is not taken for the newer one's. */
  private round = 0;
  private attempt = 0;
  private refusedTokens = 0;
  private closed = false;
  private onlineSince = 0;
  private again: ReturnType<typeof setTimeout> | null = null;
  /** When the draining node asked us to come back. */
  private comeBackAt: number | null = null;
  private waiting: (() => void)[] = [];
  private readonly refresh: SessionRefresh;

  constructor(private readonly options: ConnectionOptions) {
    super();
    this.appState = options.appState;
    this.refresh = new SessionRefresh(options.tokens, {
      say: (token) => this.ask('session:refresh', { token }),
      reconnect: () => this.redial(),
    });
  }

  get connected(): boolean {
    return this.socket?.connected === true;
  }

  /** Not there, and on the way to be. */
  get trying(): boolean {
    return this.status === 'connecting' || this.status === 'offline';
  }

  open(): void {
    if (this.status !== 'idle' && this.status !== 'replaced' && this.status !== 'refused') return;
    this.attempt = this.refusedTokens = 0;
    this.closed = false;
    network?.addEventListener('online', this.networkIsBack);
    void this.dial();
  }

  /** @param linger keeps the socket open until it resolves, for what was said last; null: not a moment */
  close(linger: Promise<void> | null = null): void {
    this.closed = true;
    this.stop('idle', null, linger);
  }

  /** Resolves when there is a connection, and also when waiting any longer makes no sense: look at `connected`. */
  async waitUntilConnected(deadline: Deadline, signal?: AbortSignal): Promise<void> {
    if (this.connected || signal?.aborted) return;
    this.throwIfOver();
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.waiting = this.waiting.filter((other) => other !== done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(deadline.leftMs, MAX_TIMER_MS));
      signal?.addEventListener('abort', done);
      this.waiting.push(done);
    });
    this.throwIfOver();
  }

  /**
   * Says one thing once.
   * @throws RingwayError, `UNREACHABLE` when there was no answer: nobody knows whether it was heard
   */
  async ask<C extends Command>(
    event: C,
    payload: Payloads[C],
    withinMs = ANSWER_WITHIN_MS,
  ): Promise<Answers[C]> {
    const { socket } = this;
    const unreachable = new RingwayError('UNREACHABLE', 'The connection was lost.', { retryable: true });
    if (!socket?.connected) throw unreachable;
    const timeoutMs = Math.min(withinMs, ANSWER_WITHIN_MS);
    let answer: { ok: true } | { ok: false; error: Refusal };
    try {
      answer = (await socket.timeout(timeoutMs).emitWithAck(event, payload)) as typeof answer;
    } catch {
      // Looks alive and is not, as after a change of networks: only a new connection tells.
      if (this.socket === socket && socket.connected && timeoutMs === ANSWER_WITHIN_MS) this.redial();
      throw unreachable;
    }
    if (answer.ok) return answer as unknown as Answers[C];
    if (
      answer.error.code !== 'TOKEN_EXPIRED' ||
      event === 'session:refresh' ||
      !this.options.tokens.renewable
    ) {
      throw RingwayError.of(answer.error, 'INTERNAL');
    }
    this.expired();
    throw unreachable;
  }

  /** A new connection in place of this one, now. */
  redial(): void {
    this.hangUp();
    void this.dial();
  }

  private async dial(): Promise<void> {
    const round = ++this.round;
    this.become('connecting');
    const { address, deviceId, tokens } = this.options;
    try {
      const token = await tokens.get();
      if (round !== this.round) return;
      const socket = io(address.origin, {
        path: address.socketPath,
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
        timeout: CONNECT_WITHIN_MS,
        auth: { token, deviceId, appState: this.appState },
      });
      this.socket = socket;
      const handshakeState = this.appState;
      socket.on('connect', () => {
        this.emit('connected');
        this.wakeWaiting();
        if (this.appState !== handshakeState) {
          this.ask('device:state', { state: this.appState }).catch(() => undefined);
        }
      });
      socket.on('connect_error', (error) => this.refused((error as { data?: unknown }).data ?? error));
      socket.on('disconnect', () => this.lost(null));
      socket.onAny((event: string, payload: unknown, acknowledge?: () => void) => {
        // First of all: it proves that this socket is alive, and that the message has arrived.
        acknowledge?.();
        this.heard(event, payload);
      });
    } catch (error) {
      if (round === this.round) this.lost(error as RingwayError);
    }
  }

  private heard(event: string, payload: unknown): void {
    switch (event) {
      case 'session:replaced':
        return this.stop('replaced', new RingwayError('REPLACED', 'This device connected once more.'));
      case 'session:expired':
        return this.expired();
      case 'server:draining':
        return this.drain((payload as { reconnectInMs?: number }).reconnectInMs ?? 0);
      case 'sync':
        this.clockAheadMs = Date.parse((payload as Sync).serverTime) - Date.now();
        this.emit('message', event, payload);
        return this.synced();
      default:
        this.emit('message', event, payload);
    }
  }

  private synced(): void {
    this.onlineSince = Date.now();
    this.refusedTokens = 0;
    this.comeBackAt = null;
    this.error = null;
    this.become('online');
    this.refresh.watch(this.clockAheadMs);
  }

  /** The token has ended: with a new one, at once. */
  private expired(): void {
    const { tokens } = this.options;
    const error = new RingwayError('TOKEN_EXPIRED', 'The token has expired.');
    this.emit('session-expired');
    if (!tokens.renewable) return this.stop('refused', error);
    tokens.drop();
    this.error = error;
    this.redial();
  }

  /** The node stops soon. Until then it serves us; then another one does. */
  private drain(reconnectInMs: number): void {
    this.comeBackAt = Date.now() + reconnectInMs;
    this.dialIn(reconnectInMs);
  }

  private refused(data: unknown): void {
    const error = RingwayError.of(data, 'UNREACHABLE');
    const { tokens } = this.options;
    const otherToken = ABOUT_THE_TOKEN.includes(error.code) && tokens.renewable;
    if (otherToken && ++this.refusedTokens < REFUSED_TOKENS) tokens.drop();
    else if (error.code !== 'UNREACHABLE' && !WORTH_TRYING_AGAIN.includes(error.code)) {
      tokens.drop();
      return this.stop('refused', error);
    }
    this.lost(error);
  }

  private lost(error: RingwayError | null): void {
    this.hangUp();
    this.error = error ?? new RingwayError('UNREACHABLE', 'The connection was lost.', { retryable: true });
    if (this.onlineSince > 0 && Date.now() - this.onlineSince > STABLE_MS) this.attempt = 0;
    this.onlineSince = 0;
    this.become('offline');
    const pause = error?.retryAfterMs ?? backoff(this.attempt++, RECONNECT);
    this.dialIn(this.comeBackAt === null ? pause : Math.max(0, this.comeBackAt - Date.now()));
    this.comeBackAt = null;
  }

  private dialIn(ms: number): void {
    if (this.again !== null) clearTimeout(this.again);
    this.again = setTimeout(() => this.redial(), ms);
  }

  private readonly networkIsBack = (): void => {
    if (this.status !== 'offline') return;
    this.attempt = 0;
    this.redial();
  };

  private stop(status: Status, error: RingwayError | null, linger: Promise<void> | null = null): void {
    network?.removeEventListener('online', this.networkIsBack);
    this.hangUp(linger);
    this.error = error;
    this.become(status);
    this.wakeWaiting();
  }

  private hangUp(linger: Promise<void> | null = null): void {
    this.round++;
    this.refresh.stop();
    if (this.again !== null) clearTimeout(this.again);
    this.again = null;
    const { socket } = this;
    this.socket = null;
    // First deaf, then closed: what follows is not news any more.
    socket?.off().offAny();
    if (linger) void linger.then(() => socket?.disconnect());
    else socket?.disconnect();
  }

  private wakeWaiting(): void {
    for (const done of [...this.waiting]) done();
  }

  private throwIfOver(): void {
    if (this.error && (this.status === 'replaced' || this.status === 'refused')) throw this.error;
    if (this.closed) throw new RingwayError('CLOSED', 'The client was closed.');
  }

  private become(status: Status): void {
    if (this.status === status) return;
    this.status = status;
    this.emit('status', status);
  }
}

/** Where a browser says that the network is back. */
const network = (globalThis as { addEventListener?: unknown }).addEventListener
  ? (globalThis as unknown as EventTarget)
  : null;
