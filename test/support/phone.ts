import { randomUUID } from 'node:crypto';
import { type Socket, io } from 'socket.io-client';
import type { CallView } from '../../src/calls/domain/call-view.js';

export interface PhoneOptions {
  url: string;
  userId: string;
  token: string;
  deviceId: string;
  name?: string;
  appState?: 'foreground' | 'background';
  /** Whether this phone acknowledges what it hears, as apps should. */
  acknowledges?: boolean;
  /** What a browser would say about the page; native apps say nothing. */
  origin?: string;
}

/** Anything a phone may hear or be answered. A test reads the fields it expects. */
export interface Told {
  ok: boolean;
  error: ToldError;
  call: CallView;
  calls: CallView[];
  callId: string;
  by: { userId: string; deviceId: string; deviceName?: string };
  step: string;
  seq: number;
  signal: any;
  signals: Told[];
  /** Of a refused handshake. */
  code: string;
  [field: string]: any;
}

export interface ToldError {
  code: string;
  message: string;
  retryable: boolean;
  details?: { path: string; message: string }[];
  retryAfterMs?: number;
}

export interface Heard {
  event: string;
  payload: Told;
}

const PATIENCE_MS = 10_000;

/** A scripted phone: says commands, remembers everything it hears, and waits for what a test expects. */
export class Phone {
  readonly socket: Socket;
  readonly heard: Heard[] = [];
  readonly userId: string;
  readonly deviceId: string;
  /** Whether this phone acknowledges what it hears; may change while it listens. */
  acknowledges: boolean;
  private waiting: (() => void)[] = [];

  constructor({ url, userId, token, deviceId, appState, acknowledges = true, origin }: PhoneOptions) {
    this.userId = userId;
    this.deviceId = deviceId;
    this.acknowledges = acknowledges;
    this.socket = io(url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      autoUnref: true,
      auth: { token, deviceId, ...(appState ? { appState } : {}) },
      ...(origin === undefined ? {} : { extraHeaders: { origin } }),
    });
    this.socket.onAny((event: string, payload: unknown, ack?: () => void) => {
      if (this.acknowledges) ack?.();
      this.note(event, payload);
    });
    this.socket.on('disconnect', (reason) => this.note('disconnect', reason));
    this.socket.on('connect_error', (error) => {
      this.note('connect_error', (error as { data?: unknown }).data ?? error.message);
    });
  }

  /** Connected and synced. */
  async connected(): Promise<Told> {
    return this.hears('sync');
  }

  /** The answer to a command, whatever it is. */
  say(event: string, payload?: unknown): Promise<Told> {
    const socket = this.socket.timeout(PATIENCE_MS);
    const answer: Promise<unknown> =
      payload === undefined ? socket.emitWithAck(event) : socket.emitWithAck(event, payload);
    return answer as Promise<Told>;
  }

  /** Calls somebody. @returns the new call's id */
  async calls(callee: string, more: object = {}): Promise<string> {
    const callId = randomUUID();
    const answer = await this.say('call:initiate', { callId, callee, media: 'voice', ...more });
    if (!answer.ok) throw new Error(`call:initiate: ${JSON.stringify(answer.error)}`);
    return callId;
  }

  /** The first message like this, heard already or coming soon. */
  async hears(event: string, like: (payload: Told) => boolean = () => true): Promise<Told> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = this.heard.find((message) => message.event === event && like(message.payload));
      if (found) return found.payload;
      const left = deadline - Date.now();
      if (left <= 0) {
        const instead = this.heard.map((message) => message.event).join(', ');
        throw new Error(`${this.userId}/${this.deviceId} did not hear ${event}, only ${instead}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left).unref();
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Whatever the server said on this socket before now has arrived: what is not among it was not said. */
  async caughtUp(): Promise<this> {
    await this.say('sync');
    return this;
  }

  all(event: string): Told[] {
    return this.heard.filter((message) => message.event === event).map(({ payload }) => payload);
  }

  /** The names of what this phone has heard about a call, in order. */
  about(callId: string): string[] {
    const isAbout = ({ payload }: Heard): boolean => (payload.call?.callId ?? payload.callId) === callId;
    return this.heard.filter(isAbout).map(({ event }) => event);
  }

  disconnect(): void {
    this.socket.disconnect();
  }

  /** The network goes away: the connection ends without a goodbye. */
  loseConnection(): void {
    this.socket.io.engine.close();
  }

  private note(event: string, payload: unknown): void {
    this.heard.push({ event, payload: payload as Told });
    for (const wake of this.waiting.splice(0)) wake();
  }
}
