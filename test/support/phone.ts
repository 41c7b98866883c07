import { randomUUID } from 'node:crypto';
import { type Socket, io } from 'socket.io-client';

export interface PhoneOptions {
  url: string;
  userId: string;
  token: string;
  deviceId: string;
  name?: string;
  appState?: 'foreground' | 'background';
  /** Whether this phone acknowledges what it hears, as apps should. */
  acknowledges?: boolean;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- a test reads what it expects */
export interface Heard {
  event: string;
  payload: any;
}

const PATIENCE_MS = 10_000;

/** A scripted phone: says commands, remembers everything it hears, and waits for what a test expects. */
export class Phone {
  readonly socket: Socket;
  readonly heard: Heard[] = [];
  readonly userId: string;
  readonly deviceId: string;
  private waiting: (() => void)[] = [];

  constructor({ url, userId, token, deviceId, appState, acknowledges = true }: PhoneOptions) {
    this.userId = userId;
    this.deviceId = deviceId;
    const auth = { token, deviceId, ...(appState ? { appState } : {}) };
    this.socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, auth });
    this.socket.onAny((event: string, payload: unknown, ack?: () => void) => {
      if (acknowledges) ack?.();
      this.note(event, payload);
    });
    this.socket.on('disconnect', (reason) => this.note('disconnect', reason));
    this.socket.on('connect_error', (error) => this.note('connect_error', (error as { data?: unknown }).data ?? error.message));
  }

  /** Connected and synced. */
  async connected(): Promise<any> {
    return this.hears('sync');
  }

  /** The answer to a command, whatever it is. */
  say(event: string, payload?: unknown): Promise<any> {
    return payload === undefined
      ? this.socket.timeout(PATIENCE_MS).emitWithAck(event)
      : this.socket.timeout(PATIENCE_MS).emitWithAck(event, payload);
  }

  async calls(callee: string, more: object = {}): Promise<string> {
    const callId = randomUUID();
    const answer = await this.say('call:initiate', { callId, callee, media: 'voice', ...more });
    if (!answer.ok) throw new Error(`call:initiate: ${JSON.stringify(answer.error)}`);
    return callId;
  }

  /** The first message like this, heard already or coming soon. */
  async hears(event: string, like: (payload: any) => boolean = () => true): Promise<any> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = this.heard.find((message) => message.event === event && like(message.payload));
      if (found) return found.payload;
      const left = deadline - Date.now();
      if (left <= 0) {
        throw new Error(`${this.userId}/${this.deviceId} did not hear ${event}, only ${this.heard.map(({ event: e }) => e).join(', ')}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  all(event: string): any[] {
    return this.heard.filter((message) => message.event === event).map(({ payload }) => payload);
  }

  disconnect(): void {
    this.socket.disconnect();
  }

  private note(event: string, payload: unknown): void {
    this.heard.push({ event, payload });
    for (const wake of this.waiting.splice(0)) wake();
  }
}
